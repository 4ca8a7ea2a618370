"""The table of components."""

from __future__ import annotations

import pytest

from qlora_gov.cli.main import run


@pytest.mark.parametrize("width", ["80", "60", "200"])
def test_no_name_is_broken(width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert run(["plugins"]) == 0
    words = capsys.readouterr().out.split()
    for name in ("gates/no_regressed_slice", "metrics/perplexity_per_byte", "guardrails/toxicity_lexical"):
        assert name in words
