from collections.abc import Callable, Iterator
from typing import Any

from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.gaps import gaps_of
from qlora_gov.reports.card.records import CardRecords


def reasons(dumped: Any) -> Iterator[str]:
    """Every reason in a dumped context."""
    match dumped:
        case {"absent": str(reason)}:
            yield reason
        case dict():
            for value in dumped.values():
                yield from reasons(value)
        case list() | tuple():
            for value in dumped:
                yield from reasons(value)


def test_every_reason_is_listed_once(
    records: Callable[..., CardRecords], bare: dict[str, Any], imported: dict[str, Any]
) -> None:
    for changes in (bare, imported):
        context = card_context(records(**changes))
        listed = [gap.reason for gap in gaps_of(context)]
        assert len(listed) == len(set(listed)) > 3
        assert set(listed) == set(reasons(context.model_dump(exclude={"decision", "slices"})))


def test_each_says_what_is_missing(records: Callable[..., CardRecords], bare: dict[str, Any]) -> None:
    places = {gap.reason: gap.places for gap in gaps_of(card_context(records(**bare)))}
    assert places["the metric raised ValueError: no tokens"] == ("measurements: perplexity: candidate",)
    assert places["the trainer reported no loss"] == ("training: loss",)
    assert places["the base has no name on the hub"] == ("base: hub id",)
    assert places["not run from a git repository"] == (
        "environment: git commit",
        "environment: uncommitted changes",
    )
    assert "training data: sources: data/parquet: licence" in places["no licence is stated"]


def test_what_a_rule_did_not_give_stands_with_the_rule(
    records: Callable[..., CardRecords], refused: dict[str, Any]
) -> None:
    listed = [gap.reason for gap in gaps_of(card_context(records(**refused)))]
    assert "the rule gave none" not in listed
    assert "no rule of the policy looks at slices" not in listed
