import json
from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.canonical import canonical_json
from qlora_gov.records import RECORDS, Absent, Outcome, Record
from qlora_gov.reports.assembly import card_context
from qlora_gov.reports.evidence import Evidence, Subject
from qlora_gov.reports.render import render_card


def test_the_worst_rules_come_first(evidence: Callable[..., Evidence], refused: dict[str, Any]) -> None:
    outcomes = [line.outcome for line in card_context(evidence(**refused)).decision.rules]
    assert outcomes == [Outcome.FAIL, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.PASS]


def test_a_guardrail_shows_its_rate_and_is_no_metric(evidence: Callable[..., Evidence]) -> None:
    context = card_context(evidence())
    (line,) = context.detectors
    assert line.scan.detector.name == "guardrails/pii"
    assert (line.rate.champion.value, line.rate.candidate.value) == (0.00592, 0.0)
    assert [line.metric.name for line in context.measurements] == ["metrics/rouge_l", "metrics/perplexity"]


def test_a_side_without_a_measurement_is_absent(evidence: Callable[..., Evidence], bare: dict[str, Any]) -> None:
    context = card_context(evidence(**bare))
    sides = {line.metric.name: line for line in context.measurements}
    assert sides["metrics/perplexity"].candidate.value == Absent(absent="the metric raised ValueError: no tokens")
    assert sides["metrics/rouge_l"].champion.value == 0.2396
    assert isinstance(sides["metrics/rouge_l"].candidate.value, Absent)


def test_the_training_set_must_be_kept_clear_of_these_very_rows(evidence: Callable[..., Evidence]) -> None:
    given = evidence()
    assert card_context(given).kept_clear == given.evaluation.digest
    other = given.training.model_copy(update={"held_out": "sha256:" + 64 * "0"})
    unchecked = given.training.model_copy(update={"steps": ()})
    for training, reason in ((other, "not the one used here"), (unchecked, "no curation step")):
        found = card_context(evidence(training=training)).kept_clear
        assert isinstance(found, Absent)
        assert reason in found.absent


@pytest.mark.parametrize(
    ("champion_adapter", "aliases", "target"),
    [
        (None, {}, None),
        ("sha256:earlier", {}, "sha256:earlier"),
        ("sha256:earlier", {"champion": "sha256:now"}, "sha256:now"),
        ("sha256:earlier", {"champion": "sha256:now", "fallback": "sha256:safe"}, "sha256:safe"),
    ],
)
def test_rollback_prefers_the_fallback(
    evidence: Callable[..., Evidence], champion_adapter: str | None, aliases: dict[str, str], target: str | None
) -> None:
    context = card_context(evidence(champion_adapter=champion_adapter, aliases=aliases))
    assert context.rollback.target == target


def test_rollback_never_leads_to_the_same_adapter(evidence: Callable[..., Evidence]) -> None:
    aliases = {"champion": evidence().adapter.id, "fallback": evidence().adapter.id}
    assert card_context(evidence(aliases=aliases)).rollback.target is None


def test_every_plugin_version_that_worked_is_named(evidence: Callable[..., Evidence]) -> None:
    plugins = card_context(evidence()).provenance.plugins
    assert [plugin.name for plugin in plugins] == ["data", "gates", "guardrails", "metrics", "nf4"]


def test_records_read_back_give_the_same_bytes(evidence: Callable[..., Evidence], refused: dict[str, Any]) -> None:
    given = evidence(**refused)
    again = Evidence(
        about=given.about,
        decision=read_back(given.decision),
        policy=read_back(given.policy),
        candidate=Subject(read_back(given.candidate.evaluation), read_back(given.candidate.responses)),
        champion=Subject(read_back(given.champion.evaluation), read_back(given.champion.responses)),
        adapter=read_back(given.adapter),
        base=read_back(given.base),
        training=read_back(given.training),
        evaluation=read_back(given.evaluation),
        head=given.head,
        aliases=given.aliases,
    )
    assert render_card(card_context(again)).text == render_card(card_context(given)).text


def read_back(record: Record) -> Any:
    """The record as a ledger gives it back: from canonical JSON, whose keys are sorted and whose 1.0 is 1."""
    return RECORDS[record.kind].model_validate(json.loads(canonical_json(record.content())))
