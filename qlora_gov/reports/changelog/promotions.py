"""What a new champion changed against the one before it: its recipe, its base, and its scores."""

from __future__ import annotations

from qlora_gov.canonical import short_id
from qlora_gov.records import Absent, Adapter, Decision, Evaluation, Measurement, RuleVerdict
from qlora_gov.reports.card.absence import or_absent
from qlora_gov.reports.changelog.context import RuleFinding, ScoreLine
from qlora_gov.reports.dataset.context import Changed, changed
from qlora_gov.reports.rendering.figures import setting_lines

TRAINED_ELSEWHERE = Absent(absent="trained elsewhere; only its files are known")
TRAINED_ELSEWHERE_BEFORE = Absent(absent="the adapter before it was trained elsewhere; only its files are known")

_NOT_GIVEN = "the rule gave none"


def recipe_changes(before: Adapter | None, after: Adapter) -> tuple[Changed, ...] | Absent:
    """The settings of training that differ; all of them where there was no adapter before."""
    for adapter, reason in ((after, TRAINED_ELSEWHERE), (before, TRAINED_ELSEWHERE_BEFORE)):
        if adapter is not None and adapter.training is None:
            return reason
    return changed(_recipe(before), _recipe(after))


def base_changes(before: Adapter | None, after: Adapter) -> tuple[Changed, ...]:
    """The base models by the ids of their records, where they differ."""
    old, new = ({"the base": short_id(adapter.base)} if adapter and adapter.base else {} for adapter in (before, after))
    return changed(old, new)


def score_lines(decision: Decision, *, champion: Evaluation, candidate: Evaluation) -> tuple[ScoreLine, ...]:
    """Every metric that either side was measured on or that a rule is on, with what the rules found.

    Rules on the answers themselves are on no metric, and have no score to show.
    """
    before, after = ({one.name: one for one in side.measurements} for side in (champion, candidate))
    judged = [item for item in decision.verdicts if item.rule.judges == "metric"]
    names = dict.fromkeys((*after, *before, *(item.rule.metric for item in judged)))
    return tuple(
        ScoreLine(
            metric=name,
            before=_before(before.get(name), after.get(name)),
            after=after[name].value if name in after else Absent(absent="this adapter has no such measurement"),
            findings=tuple(_finding(item) for item in judged if item.rule.metric == name),
        )
        for name in names
    )


def _recipe(adapter: Adapter | None) -> dict[str, str]:
    if adapter is None or adapter.training is None:
        return {}
    recipe = adapter.training.recipe
    return {
        **dict(setting_lines(recipe.settings)),
        "the seed": str(adapter.training.seed),
        "the trainer": recipe.name,
        "the trainer's version": f"{recipe.distribution} {recipe.version}, source {short_id(recipe.source)}",
    }


def _before(before: Measurement | None, after: Measurement | None) -> float | Absent:
    if before is None:
        return Absent(absent="the champion has no such measurement")
    if after is not None and (before.metric.name, before.metric.settings) != (after.metric.name, after.metric.settings):
        return Absent(absent="the champion was measured with other settings")
    return before.value


def _finding(item: RuleVerdict) -> RuleFinding:
    verdict, interval = item.verdict, item.verdict.interval
    nothing = interval is None or interval.low is interval.high is None
    return RuleFinding(
        rule=item.rule.name,
        against=item.rule.against,
        outcome=verdict.outcome,
        contrast=or_absent(verdict.contrast, _NOT_GIVEN),
        estimate=or_absent(verdict.estimate, _NOT_GIVEN),
        interval=or_absent(None if nothing else interval, _NOT_GIVEN),
    )
