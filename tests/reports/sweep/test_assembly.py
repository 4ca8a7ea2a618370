"""The report says of a sweep what its record shows, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from qlora_gov.records import Absent, Adapter, Interval, Sweep, Training
from qlora_gov.records.sweep import Trial, TrialContrast
from qlora_gov.reports.sweep.assembly import Trained, conclusion, looks_told, sweep_report
from qlora_gov.reports.sweep.markdown import sweep_files
from tests.stages.toys import HERE, component

BETWEEN = Interval(low=0.7, high=0.9, level=0.975, method="t")
WHY = Absent(absent="it broke")


def sweep(*shown: bool, **changes: Any) -> Sweep:
    """A sweep of ranks whose best one is the last."""
    count = len(shown) + 1
    values = {
        "adapters": tuple(f"sha256:{at}a" for at in range(count)),
        "evaluations": tuple(f"sha256:{at}e" for at in range(count)),
        "field": "rank",
        "metric": "accuracy",
        "higher_is_better": True,
        "trials": tuple(
            Trial(value=2 ** (5 + at), size=1_000 * (at + 1), measured=0.5 + at / 10, interval=BETWEEN)
            for at in range(count)
        ),
        "best": count - 1,
        "contrasts": tuple(
            TrialContrast(trial=at, difference=0.1, interval=BETWEEN, bound=0.05, shown=is_shown)
            for at, is_shown in enumerate(shown)
        ),
        "alpha": 0.05,
        "methods": 2,
    }
    return Sweep.model_validate(values | changes)


def trained(given: Sweep) -> list[Trained]:
    def one(rank: Any) -> Adapter:
        recipe = component("recipe", rank=rank, alpha=2 * rank, dropout=0.05)
        training = Training(recipe=recipe, seed=1, losses=(), steps=1, tokens=1, notes=(), environment=HERE)
        return Adapter(base="b", dataset="d", files={}, digest="x", training=training)

    return [Trained(one(trial.value), None if at else 61.5) for at, trial in enumerate(given.trials)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            sweep(True, True),
            "rank 128 has the best accuracy, 0.7, 0.7 to 0.9 (97.5%); it is shown to be better than each other trial",
        ),
        (
            sweep(True, False),
            "no difference shown: rank 128 has the best accuracy, 0.7, 0.7 to 0.9 (97.5%), and these rows do not show "
            "that it is better than 64; the smallest adapter of these is that of rank 64",
        ),
        (
            sweep(False, False, trials=tuple(
                Trial(value=rank, size=2_000 - rank, measured=0.5, interval=WHY) for rank in (32, 64, 128)
            )),
            "no difference shown: rank 128 has the best accuracy, 0.5, and these rows do not show that it is better "
            "than 32 or 64; the smallest adapter of these is that of rank 128",
        ),
        (sweep(False, best=None, contrasts=()), "no trial was measured whole on accuracy, so that none is the best"),
    ],
)  # fmt: skip
def test_what_the_rows_show_is_a_sentence(given: Sweep, said: str) -> None:
    assert conclusion(given) == said


def test_trials_are_looks() -> None:
    assert looks_told(sweep(True)).startswith("the other trial is a look at these rows")
    assert looks_told(sweep(True, True)).endswith("a decision on one tests at alpha / 4 at most")


def test_the_report_is_a_table_with_what_else_differs() -> None:
    given = sweep(True, False)
    report = sweep_report("Toy | sweep", given, trained(given), 100)
    assert [one.recipe for one in report.trials] == ["alpha 64", "alpha 128", "alpha 256"]
    assert report.trials[0].seconds == 61.5
    files = sweep_files(report)
    assert files.keys() == {"sweep.md", "sweep.svg"}
    assert "# Toy &#124; sweep: rank by accuracy" in files["sweep.md"]
    assert "| 128 (best) | alpha 256 | 0.7 | 0.7 to 0.9 (97.5%) | 3,000 | not measured: " in files["sweep.md"]
    assert "| rank 64 | 0.1 | 0.7 to 0.9 (97.5%) | no |" in files["sweep.md"]
    assert files["sweep.svg"].startswith("<svg")


def test_what_was_not_measured_says_why() -> None:
    broken = Trial(value=32, size=1, measured=WHY, interval=WHY)
    given = sweep(False, trials=(broken, sweep(False).trials[1]), contrasts=(
        TrialContrast(trial=0, difference=WHY, interval=WHY, bound=WHY, shown=False),
    ))  # fmt: skip
    assert (
        "| rank 32 | not measured: it broke | not measured: it broke | no |"
        in sweep_files(sweep_report("t", given, trained(given), 9))["sweep.md"]
    )
