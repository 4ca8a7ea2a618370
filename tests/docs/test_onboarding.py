"""The walks of docs/onboarding.md lead to names that are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "onboarding.md").read_text(encoding="utf-8")
STEPS = re.findall(r"^\| .+ \| `([^`]+\.py)` \| `(\w+)` \|$", GUIDE, re.MULTILINE)
NOUNS = GUIDE.partition("## Every noun")[2].partition("## ")[0]
CELLS = sorted(set(re.findall(r"`(\w+/[\w./]*)`", NOUNS)) - {"qlora_gov/"})
PATHS = sorted(
    set(re.findall(r"`((?:qlora_gov|plugins|tests|reports|examples|docs)/[\w./*]*)`", GUIDE.replace(NOUNS, "")))
)


def defined_in(body: list[ast.stmt]) -> Iterator[str]:
    """The names that a module defines itself."""
    for node in body:
        match node:
            case ast.ClassDef() | ast.FunctionDef():
                yield node.name
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def test_every_row_of_the_walks_is_read() -> None:
    rows = [line for line in GUIDE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    assert len(STEPS) == len([row for row in rows if "what happens" not in row]) > 30


@pytest.mark.parametrize(("file", "name"), STEPS)
def test_a_step_s_file_defines_its_name(file: str, name: str) -> None:
    assert name in set(defined_in(ast.parse((ROOT / file).read_text(encoding="utf-8")).body))


@pytest.mark.parametrize("path", PATHS)
def test_what_is_named_is_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", CELLS)
def test_what_the_table_of_nouns_names_is_there(path: str) -> None:
    assert (ROOT / "qlora_gov" / path).exists()
