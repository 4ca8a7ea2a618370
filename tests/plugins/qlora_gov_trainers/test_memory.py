"""Plans for a budget of memory, and their predictions against peaks that were measured on an H200."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qlora_gov import TrainingError
from qlora_gov_trainers.step.memory import GB, Plan, Shape, planned, predicted
from qlora_gov_trainers.step.model import make_ready
from tests.plugins.qlora_gov_trainers.test_step import model_of

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

SMALL = Shape.of_llama(32, 4096, 1024, 32, 14336, 128256, rank=64)
MIDDLE = Shape.of_llama(64, 5120, 1024, 40, 27648, 152064, rank=64)
LARGE = Shape.of_llama(80, 8192, 1024, 64, 28672, 128256, rank=64)


@pytest.mark.parametrize(
    ("plan", "measured"),
    [
        (Plan(8192, 32, 0, 0, 0), 32.6),
        (Plan(8192, 9, 0, 0, 0), 21.8),
        (Plan(8192, 0, 0, 0, 0), 17.9),
        (Plan(8192, 32, 0, 32, 0), 46.5),
        (Plan(4096, 32, 0, 2, 0), 20.7),
        (Plan(2048, 0, 16, 0, 0), 8.9),
    ],
)
def test_predictions_are_within_a_tenth_of_what_was_measured(plan: Plan, measured: float) -> None:
    assert predicted(SMALL, plan) / GB == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize("budget", [9.8, 12, 16, 22, 24, 48, 80, 141])
def test_a_plan_keeps_to_its_budget_and_more_memory_is_never_slower(budget: float) -> None:
    plan, richer = (planned(SMALL, 2048, 4, share * budget * GB) for share in (1, 1.5))
    assert plan.peak <= budget * GB
    assert plan.peak == predicted(SMALL, replace(plan, peak=0))
    work = [one.again + (32 - one.kept) for one in (plan, richer)]
    assert work[1] <= work[0], "what is computed again"


@pytest.mark.parametrize(
    ("targets", "dropout", "ranks", "wide"),
    [(("q_proj", "v_proj"), 0.05, 2, 0), ("all-linear", 0.0, 7, 1), ("all-linear", 0.05, 7, 2)],
)
def test_updates_of_all_layers_are_counted(
    targets: str | tuple[str, ...], dropout: float, ranks: int, wide: int
) -> None:
    """Of a pass, every update keeps its inner product; that of down holds what is as wide as gate or up."""
    model = model_of("llama", targets)
    shape = Shape.of(model, make_ready(model, dropout).layers)
    assert (shape.ranks, shape.down) == (3 * ranks, wide)
    plan = Plan(8192, 0, 0, 0, 0)
    assert predicted(replace(SMALL, down=wide), plan) - predicted(SMALL, plan) == wide * 8192 * 14336 * 2


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(TrainingError, match=r"memory_budget: 22.0 GB do not do for a row of 2,048 tokens") as refused:
        planned(LARGE, 2048, 4, 22 * GB)
    least = float(str(refused.value).split("give at least ")[1].split()[0])
    assert planned(LARGE, 2048, 4, (least + 0.1) * GB).again == 80
    with pytest.raises(TrainingError):
        planned(LARGE, 2048, 4, (least - 0.2) * GB)


@pytest.mark.parametrize(("shape", "budgets"), [(MIDDLE, (48, 80)), (LARGE, (80, 141))])
def test_larger_shapes_fit_larger_cards(shape: Shape, budgets: tuple[float, ...]) -> None:
    for budget in budgets:
        assert planned(shape, 2048, 4, budget * GB).tokens >= 2048
