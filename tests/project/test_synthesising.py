from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qlora_gov.cli.commands.init import TEMPLATE
from qlora_gov.plugin.host import load_catalog
from qlora_gov.project.schema import Project
from qlora_gov.project.synthesising import BoundSynthesis, bind_synthesis
from tests.support.project import SOURCE


@pytest.fixture
def bind(tmp_path: Path) -> Any:
    def bound(url: str, steps: list[Any]) -> BoundSynthesis:
        (tmp_path / "rows.jsonl").touch()
        synthesis = {
            "synthesiser": "paraphrase",
            "seeds": {"sources": [{**SOURCE, "path": "rows.jsonl"}], "steps": steps},
            "endpoint": {"url": url, "model": "m"},
            "path": "made.jsonl",
        }
        project = Project.model_validate({**yaml.safe_load(TEMPLATE), "synthesis": {"mine": synthesis}})
        return bind_synthesis(project, "mine", load_catalog(), tmp_path)

    return bound


@pytest.mark.parametrize(
    ("url", "steps", "told"),
    [
        ("https://models.example.com/v1", [], True),
        ("https://models.example.com/v1", ["exact_duplicates"], True),
        ("https://models.example.com/v1", [{"use": "pii", "action": "redact"}], False),
        ("http://localhost:8000/v1", [], False),
        ("http://[::1]:8000/v1", [], False),
    ],
)
def test_rows_that_leave_the_machine_unseen_are_told(bind: Any, url: str, steps: list[Any], told: bool) -> None:
    caution = bind(url, steps).caution
    assert (caution is not None) is told
    if told:
        assert caution.startswith("synthesis.mine: rows go to models.example.com as they are: no step of the seeds has")
