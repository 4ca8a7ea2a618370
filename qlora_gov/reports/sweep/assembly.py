"""From the record of a sweep, its adapters and their ledger entries to the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from qlora_gov.records import Absent, Adapter, Interval, Sweep
from qlora_gov.reports.rendering.figures import interval_words, number, setting_lines
from qlora_gov.reports.sweep.context import ContrastLine, SweepReport, TrialLine

NO_RECIPE = Absent(absent="its ledger entry does not say")


@dataclass(frozen=True)
class Trained:
    """The adapter of a trial, and how many seconds its training took where its ledger entry says so."""

    adapter: Adapter
    seconds: float | None


def sweep_report(title: str, sweep: Sweep, trained: Sequence[Trained], rows: int) -> SweepReport:
    """The report; ``trained`` are the adapters of the trials in their order, ``rows`` what each answered."""
    recipes = [_recipe(one.adapter) for one in trained]
    return SweepReport(
        title=title,
        id=sweep.id,
        field=sweep.field,
        metric=sweep.metric,
        higher_is_better=sweep.higher_is_better,
        rows=rows,
        trials=tuple(
            TrialLine(
                value=written(trial.value),
                recipe=_differing(sweep.field, recipes[at], recipes),
                measured=trial.measured,
                interval=trial.interval,
                size=trial.size,
                seconds=NO_RECIPE if (seconds := trained[at].seconds) is None else seconds,
                adapter=sweep.adapters[at],
                evaluation=sweep.evaluations[at],
                best=at == sweep.best,
            )
            for at, trial in enumerate(sweep.trials)
        ),
        contrasts=tuple(
            ContrastLine(
                value=written(sweep.trials[one.trial].value),
                difference=one.difference,
                interval=one.interval,
                shown=one.shown,
            )
            for one in sweep.contrasts
        ),
        conclusion=conclusion(sweep),
        looks=looks_told(sweep),
        alpha=sweep.alpha,
    )


def written(value: JsonValue) -> str:
    """A value of the field as a reader knows it from the project file."""
    return setting_lines({"value": value})[0][1]


def conclusion(sweep: Sweep) -> str:
    """What the rows show of the best trial, in a sentence."""
    if sweep.best is None:
        return f"no trial was measured whole on {sweep.metric}, so that none is the best"
    best = sweep.trials[sweep.best]
    name, value = f"{sweep.field} {written(best.value)}", best.measured
    assert isinstance(value, float), "the best one was measured"
    between = f", {interval_words(best.interval)}" if isinstance(best.interval, Interval) else ""
    told = f"{name} has the best {sweep.metric}, {number(value)}{between}"
    if sweep.shows_best:
        return f"{told}; it is shown to be better than each other trial"
    others = [written(sweep.trials[one.trial].value) for one in sweep.contrasts if not one.shown]
    smallest = written(sweep.trials[sweep.not_worse[0]].value)
    return (
        f"no difference shown: {told}, and these rows do not show that it is better than {' or '.join(others)}; "
        f"the smallest adapter of these is that of {sweep.field} {smallest}"
    )


def looks_told(sweep: Sweep) -> str:
    """What the trials mean for a decision, in a sentence."""
    others = len(sweep.trials) - 1
    trials, are = ("the other trial", "is a look") if others == 1 else (f"the {others} other trials", "are looks")
    return (
        f"{trials} {are} at these rows: where looks halve alpha, a decision on one tests at alpha / {2**others} at most"
    )


def _recipe(adapter: Adapter) -> Mapping[str, Any]:
    return {} if adapter.training is None else adapter.training.recipe.settings


def _differing(field: str, recipe: Mapping[str, Any], recipes: Sequence[Mapping[str, Any]]) -> str:
    """The settings other than the field that are not the same in all recipes: they followed it."""
    names = sorted({name for one in recipes for name in one} - {field})
    changed = {name: recipe.get(name) for name in names if any(one.get(name) != recipe.get(name) for one in recipes)}
    return ", ".join(f"{name} {value}" for name, value in setting_lines(changed))
