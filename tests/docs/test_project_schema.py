"""The JSON schema of the project file, held against what the program itself takes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from qlora_gov.cli.commands.init import TEMPLATE
from qlora_gov.errors import ProjectError
from qlora_gov.project.file import load_project, project_schema
from tests.conftest import ROOT

SCHEMA = json.loads(project_schema())
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))
TRAINED = sorted((ROOT / "tests" / "ledgers").glob("*/*.yaml"))

Edit = Callable[[dict[str, Any]], object]


def wrong(document: Any) -> list[str]:
    """What is wrong with a document, by its place."""
    return [error.json_path for error in VALIDATOR.iter_errors(document)]


def edited(edit: Edit) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(yaml.safe_load(TEMPLATE))
    edit(document)
    return document


def is_project(document: Any) -> bool:
    return isinstance(document, dict) and bool({"about", "extends"} & set(document))


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_init_writes_is_valid() -> None:
    assert not wrong(yaml.safe_load(TEMPLATE))


@pytest.mark.parametrize("path", [*EXAMPLES, *TRAINED], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_project_file_of_the_repository_is_valid(path: Any) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if is_project(document):
        assert not wrong(document)
    else:
        with pytest.raises(ProjectError):
            load_project(path)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(base={"model": "embedded", "licence": "mit"}),
        lambda d: d.update(training="nf4-qlora"),
        lambda d: d.update(training={"use": "nf4/nf4-qlora", "rank": 8}),
        lambda d: d.update(training={"use": "their_trainer", "anything": [1, {"b": 2}]}),
        lambda d: d.update(data=None, training=None),
        lambda d: d["data"]["training"]["steps"].append("their/filter"),
        lambda d: d["data"]["training"]["steps"].append({"use": "scrub", "level": 3}),
        lambda d: d["data"]["training"]["steps"].append({"use": "length", "answer": {"max_words": 9}}),
        lambda d: d["evaluation"]["metrics"].append({"use": "brevity", "words": 60, "as": "short"}),
        lambda d: d["policy"].update(regression={"use": "non_inferior", "margin": 0.1}),
        lambda d: d["policy"]["rules"].append(
            {"use": "at_least", "metric": "bleu", "limit": 1, "where": {"intent": "x"}}
        ),
    ],
)
def test_what_the_program_takes_is_valid(edit: Edit, tmp_path: Any) -> None:
    document = edited(edit)
    (tmp_path / "qlora_gov.yaml").write_text(yaml.safe_dump(document))
    load_project(tmp_path / "qlora_gov.yaml")
    assert not wrong(document)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d.update(polcy=d.pop("policy")),
        lambda d: d["evaluation"].update(generation={"max_new_token": 9}),
        lambda d: d["policy"].update(further_looks="often"),
        lambda d: d["policy"].update(rules=[]),
        lambda d: d["about"].pop("licence"),
        lambda d: d["data"]["training"]["steps"].append({"use": "pii", "action": "hide"}),
        lambda d: d.update(seed=-1),
        lambda d: d.update(plugins="plugins"),
    ],
)
def test_what_the_program_refuses_to_read_is_not(edit: Edit, tmp_path: Any) -> None:
    document = edited(edit)
    (tmp_path / "qlora_gov.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ProjectError):
        load_project(tmp_path / "qlora_gov.yaml")
    assert wrong(document)


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: d["policy"]["rules"][0].update(margn=d["policy"]["rules"][0].pop("margin")),
        lambda d: d["policy"]["rules"][0].update(margin=0),
        lambda d: d["policy"]["rules"][0].pop("metric"),
        lambda d: d["policy"]["rules"].append({"use": "differs", "metric": "rouge_l"}),
        lambda d: d.update(training={"use": "nf4-qlora", "rnk": 8}),
        lambda d: d["data"]["training"]["steps"].append({"use": "length", "answer": {"max_word": 9}}),
        lambda d: d["data"]["training"]["sources"].append({"use": "jsonl"}),
    ],
)
def test_settings_of_a_component_of_ours_are_checked(edit: Edit) -> None:
    assert wrong(edited(edit))


def test_a_file_that_extends_another_need_not_be_whole() -> None:
    assert not wrong({"extends": "qlora_gov.yaml", "about": {"title": "Other"}, "training": {"rank": 8}})
    assert not wrong({"extends": "qlora_gov.yaml", "policy": {"regression": {"use": "non_inferior"}}})
    assert wrong({"extends": "qlora_gov.yaml", "abut": {}})
    assert wrong({"extends": "qlora_gov.yaml", "policy": {"rules": [{"use": "improves"}]}})
    assert not wrong({"extends": "qlora_gov.yaml", "policy": {"rules": [{"use": "differs", "share": 0.1}]}})


def test_components_are_offered_by_their_names() -> None:
    offered = SCHEMA["$defs"]["StepSettings"]["properties"]["use"]["anyOf"][0]["enum"]
    assert {"exact_duplicates", "pii"} <= set(offered)
    assert "rouge_l" not in offered
