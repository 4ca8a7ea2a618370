"""What the plugin contributes, and that it costs nothing until a log is read."""

from __future__ import annotations

import subprocess
import sys

from qlora_gov.plugin.host import load_catalog


def test_both_importers_come_in_through_the_hook():
    found = {entry.name: entry.spec for entry in load_catalog() if entry.spec.kind == "importer"}
    assert {name: (spec.requires, spec.extra) for name, spec in found.items() if name.startswith("imports/")} == {
        "imports/lm_eval": ((), None),
        "imports/inspect": (("inspect_ai",), "imports"),
    }


def test_loading_the_plugin_imports_neither_tool_nor_anything_heavy():
    code = """
import sys
import qlora_gov_imports
for spec in qlora_gov_imports.qlora_gov_importers():
    spec.factory()
heavy = {"lm_eval", "inspect_ai", "torch", "datasets", "pandas"} & sys.modules.keys()
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)
