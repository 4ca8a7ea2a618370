from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import qlora_gov


def imports_for_type_checkers() -> dict[str, str]:
    tree = ast.parse(Path(qlora_gov.__file__).read_text(encoding="utf-8"))
    guard = next(node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.name: node.module or "" for node in guard.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_every_public_name_is_there_sorted_and_known_to_type_checkers() -> None:
    assert sorted(qlora_gov.__all__) == qlora_gov.__all__
    assert set(imports_for_type_checkers()) == set(qlora_gov.__all__)
    for name, module in imports_for_type_checkers().items():
        assert getattr(qlora_gov, name) is getattr(importlib.import_module(module), name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'qlora_gov' has no attribute 'Ledger'"):
        qlora_gov.Ledger  # noqa: B018
    with pytest.raises(ImportError):
        from qlora_gov import Ledger  # noqa: F401


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import qlora_gov, sys; print([m for m in ('numpy', 'pydantic', 'pluggy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
