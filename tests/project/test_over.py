"""What is swept over is checked before anything is trained, and each trial is the project with one value set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import GovError, UsageError
from qlora_gov.ledger import Ledger
from qlora_gov.plugin.host import load_catalog
from qlora_gov.project.file import load_project
from qlora_gov.project.over import Over
from qlora_gov.project.workspace import Workspace
from tests.stages.toys import Quiet
from tests.support.project import make_project

RECIPE = {"use": "nf4-qlora", "preset": "demo", "rank": 2}


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return workspace(tmp_path, RECIPE)


def workspace(root: Path, training: Any) -> Workspace:
    file = make_project(root, root / "base", training=training)
    return Workspace(load_project(file), root, load_catalog([]), Ledger(root / "ledger.duckdb"), Quiet())


def recipes(space: Workspace, over: str) -> list[dict[str, Any]]:
    """What each trial's project says of its training."""
    return [dict(one.project.training.settings) for one in Over.parsed(over).variants(space) if one.project.training]


def test_each_trial_is_the_project_with_one_value(space: Workspace) -> None:
    assert recipes(space, "rank=32,64") == [{"preset": "demo", "rank": rank} for rank in (32, 64)]
    assert [one.value for one in Over.parsed(" rank = 32, 64").variants(space)] == [32, 64]
    assert space.project.training is not None
    assert space.project.training.settings["rank"] == 2


def test_any_field_may_be_swept(space: Workspace) -> None:
    values = [one.value for one in Over.parsed("learning_rate=1e-4,0.0002").variants(space)]
    assert values == [1e-4, 2e-4]
    values = [one.value for one in Over.parsed("targets=[q_proj],[q_proj, v_proj]").variants(space)]
    assert values == [["q_proj"], ["q_proj", "v_proj"]]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("rank", "--over rank: should be a field of the recipe with its values, such as rank=32,64,128"),
        ("=1,2", "--over =1,2: should be a field of the recipe with its values, such as rank=32,64,128"),
        ("rank=[1", "--over rank=[1: the values are no list; write rank=32,64,128"),
        ("rank=1]", "--over rank=1]: the values are no list; write rank=32,64,128"),
        ("rank=8", "--over rank=8: a sweep takes two values at least"),
        ("rnak=8,16", "--over rnak: trainers/nf4-qlora has no such field; did you mean 'rank'?"),
        ("rank=8,0", "--over rank=0: rank: input should be greater than or equal to 1"),
        ("rank=8,high", "--over rank=high: rank: should be a whole number"),
        ("rank=8,true", "--over rank=True: rank: should be a number, not true"),
        ("rank=8,16,8", "--over rank: 8 and 8 are one recipe; leave one out"),
    ],
)
def test_what_cannot_be_swept_is_told_in_a_line(space: Workspace, over: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        Over.parsed(over).variants(space)
    assert list(raised.value.lines) == [said.replace("trainers/", f"{_plugin(space)}/")]


def _plugin(space: Workspace) -> str:
    return space.catalog.find("trainer", "nf4-qlora").name.partition("/")[0]


def test_each_value_that_is_wrong_is_told(space: Workspace) -> None:
    with pytest.raises(UsageError) as raised:
        Over.parsed("dropout=2,3").variants(space)
    assert [line.partition(":")[0] for line in raised.value.lines] == ["--over dropout=2", "--over dropout=3"]


def test_a_project_that_trains_nothing_has_nothing_to_sweep(space: Workspace) -> None:
    none = space.project.model_copy(update={"training": None, "data": None})
    bare = Workspace(none, space.root, space.catalog, space.ledger, Quiet())
    with pytest.raises(GovError, match="no section 'training'"):
        Over.parsed("rank=1,2").variants(bare)
