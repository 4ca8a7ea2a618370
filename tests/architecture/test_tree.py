"""The map of the house: which modules there are, and that the contracts on imports name all of them."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "qlora_gov"
PLUGINS = sorted(path.name for path in (ROOT / "plugins").glob("qlora_gov_*"))
MODULES = sorted(path for name in ("qlora_gov", "plugins", "docs") for path in (ROOT / name).rglob("*.py"))
CHILDREN = {
    f"qlora_gov.{path.stem}" for path in CORE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
} - {"qlora_gov.__init__"}


def contracts() -> dict[str, dict[str, Any]]:
    """The contracts on imports by their name."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {one["name"]: one for one in settings["tool"]["importlinter"]["contracts"]}


def packages() -> set[str]:
    """The packages that a distribution holds."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return set(settings["tool"]["setuptools"]["packages"])


def test_the_root_has_six_loose_modules() -> None:
    names = {path.stem for path in CORE.glob("*.py")}
    assert names == {"__init__", "__main__", "canonical", "errors", "explain", "text"}


def test_every_package_is_shipped() -> None:
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in CORE.rglob("__init__.py")}
    plugins = {
        ".".join(path.parent.relative_to(ROOT / "plugins").parts) for path in ROOT.glob("plugins/*/**/__init__.py")
    }
    assert packages() == found | plugins | {"qlora_gov_reports"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_no_contract_makes_an_exception() -> None:
    assert all("ignore_imports" not in contract for contract in contracts().values())
    assert contracts()["Imports in the core run one way, in ten tiers"]["exhaustive"] is True


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("Plugins use the public names only", set()),
        ("Gates use the statistics besides", {"qlora_gov.stats"}),
        ("Trainers use the models besides", {"qlora_gov.models"}),
    ],
)
def test_a_plugin_may_import_no_module_that_is_not_opened(name: str, opened: set[str]) -> None:
    assert set(contracts()[name]["forbidden_modules"]) == CHILDREN - opened


def test_every_plugin_is_under_one_of_these_contracts() -> None:
    named = [
        contract for name, contract in contracts().items() if name.startswith(("Plugins use", "Gates", "Trainers"))
    ]
    assert sorted(plugin for contract in named for plugin in contract["source_modules"]) == PLUGINS


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("torch lives under models and in trainers and guardrails", "models"),
        ("duckdb lives in the ledger", "ledger"),
        ("jinja2 lives in the reports", "reports"),
        ("click lives in the command line", "cli"),
    ],
)
def test_a_library_is_kept_out_of_the_whole_package_less_its_home(name: str, home: str) -> None:
    sources = {source for source in contracts()[name]["source_modules"] if source not in PLUGINS}
    assert sources == CHILDREN - {f"qlora_gov.{home}"}


def test_a_verb_has_the_file_of_its_name() -> None:
    from qlora_gov.cli.main import COMMANDS

    files = {path.stem.rstrip("_") for path in (CORE / "cli" / "commands").glob("[a-z]*.py")}
    assert files == set(COMMANDS)


def test_a_plugin_that_imports_a_closed_module_breaks_the_contract() -> None:
    """For every module, by the contract's own rule: a name below a forbidden one is forbidden."""
    closed = set(contracts()["Plugins use the public names only"]["forbidden_modules"])
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in CORE.rglob("*.py")}
    modules = {module.removesuffix(".__init__") for module in modules} - {"qlora_gov"}
    assert all(any(module == one or module.startswith(f"{one}.") for one in closed) for module in modules)


def test_plugins_import_nothing_but_what_they_may() -> None:
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "qlora_gov":
                assert node.module in ("qlora_gov", "qlora_gov.stats") or node.module.startswith("qlora_gov.models")


def test_tests_mirror_the_source() -> None:
    """Folder for folder; besides, what runs the whole program, holds the map and the docs, and what tests share."""
    own = {"architecture", "docs", "end_to_end", "ledgers", "support"}
    folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")}
    sources = {path.parent.relative_to(CORE) for path in CORE.rglob("*.py")}
    sources |= {path.parent.relative_to(ROOT) for path in (ROOT / "plugins").rglob("*.py")}
    sources |= {Path("plugins"), *(Path(name) for name in own)}
    assert folders <= sources


def test_no_function_has_the_name_of_its_module() -> None:
    for path in MODULES:
        assert path.stem not in names_bound_in(path), path


def test_no_package_hides_a_module_behind_a_name() -> None:
    for path in MODULES:
        if path.stem == "__init__":
            children = {child.stem for child in path.parent.iterdir()}
            assert not children & names_bound_in(path), path


def names_bound_in(path: Path) -> set[str]:
    """The functions of a module, and what it imports from others under their own names."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imported = {
        alias.asname or alias.name
        for node in body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if not node.module or not is_module(f"{node.module}.{alias.name}")
    }
    return imported | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
