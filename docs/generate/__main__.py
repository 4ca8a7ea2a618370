"""Write every generated file."""

from __future__ import annotations

from docs.generate.files import ROOT, generated

for path, text in generated().items():
    file = ROOT / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
