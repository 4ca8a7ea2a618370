"""The pages of the reference, held against the code that they are written from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pytest
from jinja2 import meta

from docs.generate.files import first_party, generated
from docs.generate.template_context import ROOTS, reached
from docs.generate.templates import TEMPLATES
from qlora_gov.cli.main import COMMANDS
from qlora_gov.plugin.specs import SPECS
from qlora_gov.plugin.validation import HOOKS
from qlora_gov.reports.rendering.templates import installed_templates
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def files() -> Mapping[str, str]:
    return generated()


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")


def test_what_is_committed_is_what_the_code_says(files: Mapping[str, str]) -> None:
    stale = [path for path, text in files.items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert not stale, f"{', '.join(stale)} and the code differ; run: make docs"


def test_nothing_else_lies_there(files: Mapping[str, str]) -> None:
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "reference").iterdir()}
    assert found == {path for path in files if path.startswith("docs/reference/")}


def test_a_page_depends_on_no_terminal_and_no_seed_of_hashes(files: Mapping[str, str]) -> None:
    script = "import json, sys; from docs.generate.files import generated; json.dump(dict(generated()), sys.stdout)"
    environment = {**os.environ, "COLUMNS": "40", "PYTHONHASHSEED": "1", "TERM": "dumb"}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout) == files


def test_a_page_names_no_machine(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        assert str(ROOT) not in text, path
        assert " at 0x" not in text, path


def test_every_component_of_ours_has_its_settings() -> None:
    text = page("project-file.md")
    for entry in first_party():
        assert f"Full name: `{entry.name}`" in text
    assert {entry.spec.kind for entry in first_party()} == set(SPECS)


def keys(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a JSON schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {}).items()
        for value in node.values():
            yield from keys(value)
    elif isinstance(node, list):
        for value in node:
            yield from keys(value)


def test_every_key_says_what_it_means(files: Mapping[str, str]) -> None:
    """Of those that only name a component, or stand for keys that are described elsewhere, nothing is asked."""
    schema = json.loads(files["qlora_gov/project/project.schema.json"])
    schema.pop("then")
    silent = {name for name, node in keys(schema) if isinstance(node, dict) and "description" not in node}
    assert silent == {"use"}  # of the conditions


def test_every_command_and_hook_has_its_place() -> None:
    assert all(f"## `qlora-gov {name}`" in page("cli.md") for name in COMMANDS)
    assert all(f"### `{name}`" in page("hooks.md") for name in HOOKS)


def test_every_template_is_described() -> None:
    assert {template.name for template in TEMPLATES} == {path.name for path in installed_templates().iterdir()}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_a_template_uses_no_name_that_is_not_described(template: Any) -> None:
    environment = template.environment(jinja2.FileSystemLoader(installed_templates()))
    source = (installed_templates() / template.name).read_text(encoding="utf-8")
    assert meta.find_undeclared_variables(environment.parse(source)) <= template.known
    assert all(template.filters.values())


def test_every_field_that_a_template_can_reach_has_a_meaning() -> None:
    rows = [line for line in page("template-context.md").splitlines() if line.startswith("| `")]
    assert len(rows) > sum(len(model.model_fields) for model in reached(ROOTS))
    assert not [row for row in rows if row.endswith("| |")]
