"""What a recipe makes of its settings, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov import TrainerSpec
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.host import load_catalog
from qlora_gov_trainers.settings import Nf4QloraSettings

STOPPING = {"share": 0.05, "every": 50, "patience": 3}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def recipe(**given: Any) -> Nf4QloraSettings:
    return Nf4QloraSettings.model_validate(given)


@pytest.mark.parametrize("rank", [8, 8.0])
def test_alpha_follows_a_whole_rank_however_it_is_written(rank: float) -> None:
    settings = recipe(rank=rank)
    assert (settings.rank, settings.alpha) == (8, 16)
    assert settings == recipe(rank=8)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rank": 8.5}, "rank: should be a whole number"),
        ({"rank": "eight"}, "rank: should be a whole number"),
        ({"targets": "attn"}, "targets: should be attention, all-linear or a list of names, not 'attn'"),
        ({"targets": []}, "targets: should have at least 1 item(s), not 0"),
        ({"max_steps": 0}, "max_steps: input should be greater than or equal to 1"),
        ({"max_rows": 0}, "max_rows: input should be greater than or equal to 1"),
        ({"lora_plus_ratio": 0.5}, "lora_plus_ratio: input should be greater than or equal to 1"),
        ({"early_stopping": {**STOPPING, "share": 1}}, "early_stopping.share: input should be less than 1"),
        ({"early_stopping": {"share": 0.1, "every": 1}}, "missing key 'early_stopping.patience'"),
    ],
)
def test_what_is_no_recipe_is_told_in_a_line(given: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        recipe(**given)
    (reason,) = reasons_of(refused.value, Nf4QloraSettings)
    assert str(reason).startswith(said)


@pytest.mark.parametrize(
    ("given", "names", "told"),
    [
        ({}, "qkvo", ()),
        ({"rslora": True, "rank": 16, "alpha": 8}, "qkvo", ("rank 16 (playbook: 64)", "alpha 8 (playbook: 32)")),
        ({"targets": "attention"}, "qkvo", ("targets attention: k_proj,o_proj,q_proj,v_proj (playbook: the same)",)),
        ({"targets": "attention"}, "q", ("targets attention: q_proj (playbook: q_proj,k_proj,v_proj,o_proj)",)),
        ({"targets": ["q_proj"]}, "q", ("targets q_proj (playbook: q_proj,k_proj,v_proj,o_proj)",)),
        ({"targets": ["o_proj", "q_proj", "k_proj", "v_proj"]}, "qkvo", ()),
        (
            {"dora": True, "max_steps": 9, "max_rows": 80, "lora_plus_ratio": 16, "early_stopping": STOPPING},
            "qkvo",
            (
                "dora true (playbook: none)",
                "max_steps 9 (playbook: none)",
                "max_rows 80 (playbook: none)",
                "lora_plus_ratio 16 (playbook: none)",
                "early_stopping share 0.05, every 50, patience 3 (playbook: none)",
            ),
        ),
    ],
)
def test_what_is_not_as_the_playbook_has_it_is_told(
    given: Mapping[str, Any], names: str, told: tuple[str, ...]
) -> None:
    scaling = "alpha/sqrt(rank) = 2 (playbook: alpha/rank)" if given.get("rslora") else "alpha/rank = 0.5"
    assert recipe(**given).deviations([f"{name}_proj" for name in sorted(names)]) == (scaling, *told)


@pytest.mark.parametrize("trainer", ["nf4-qlora", "dpo"])
def test_what_is_as_before_leaves_no_trace_on_record(trainer: str, catalog: Catalog, tmp_path: Path) -> None:
    def recorded(**given: Any) -> Mapping[str, Any]:
        return catalog.bind(TrainerSpec, trainer, given, root=tmp_path, where="training").component.settings

    before = {"rslora": False, "dora": False, "max_steps": None, "max_rows": None}
    assert recorded(**before) == recorded()
    assert not before.keys() & recorded().keys()
    changed = {"rslora": True, "dora": True, "max_steps": 3, "max_rows": 9, "targets": "attention"}
    assert recorded(**changed) == {**recorded(), **changed}
    if trainer == "nf4-qlora":
        assert recorded(lora_plus_ratio=1, early_stopping=None) == recorded()
        assert recorded(lora_plus_ratio=2, early_stopping=STOPPING) == {
            **recorded(), "lora_plus_ratio": 2.0, "early_stopping": STOPPING,
        }  # fmt: skip


def test_steps_are_those_of_the_epochs_or_fewer() -> None:
    assert recipe().steps(100) == 6, "3 epochs of 2 steps of 64 rows"
    assert recipe(epochs=0.1).steps(1) == 1
    assert [recipe(max_steps=most).steps(100) for most in (1, 5, 9)] == [1, 5, 6]
