from datetime import date
from pathlib import Path
from typing import Any

import jinja2.meta
import pytest
from markdown_it import MarkdownIt

from qlora_gov.canonical import content_id
from qlora_gov.errors import IntegrityError, ProjectError
from qlora_gov.records import AliasMove, DatasetVersion, DecisionOutcome, MoveReason, SourceUse, Waiver
from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.changelog.assembly import Dated, Release, changelog_context
from qlora_gov.reports.changelog.context import AdapterChange, Changed, Changelog, DataChanges, RolledBack, Waived
from qlora_gov.reports.changelog.markdown import TEMPLATE, render_changelog
from qlora_gov.reports.dataset.changes import data_changes
from qlora_gov.reports.rendering.templates import installed_templates
from tests.reports.conftest import FAILED, FAILING, NON_INFERIOR, PASSING, SLICED, complete, judged
from tests.reports.samples import BASE, HELD_OUT, RECIPE, TRAINING, component, measurement

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
HOSTILE = "<script>alert(1)</script>\n\n# no | heading |\n| --- |\n`a` ![i](u)\u202e{{ 7 * 7 }} ---"


def source(path: str, content: str, rows: int, licence: str | None = "MIT") -> SourceUse:
    settings = {"path": {"path": path, "digest": content_id(content)}}
    return SourceUse(component=component("data/jsonl", **settings), rows=rows, licence=licence)


FIRST = TRAINING.model_copy(update={"sources": (source("a.jsonl", "a", 403), source("b.jsonl", "b", 20))})
SECOND = TRAINING.model_copy(
    update={
        "sources": (source("a.jsonl", "a, edited", 400), source("c.jsonl", "c", 120)),
        "steps": (TRAINING.steps[1].model_copy(update={"dropped": {"near duplicate": 19}}), *TRAINING.steps[2:]),
        "rows": 500,
        "groups": 210,
        "mix": {"provenance": {"human": 200, "historical": 138, "synthetic": 162}},
        "digest": content_id("other rows"),
    }
)


def release(
    at: str,
    records: CardRecords | None,
    before: Release | None,
    reason: MoveReason = MoveReason.PROMOTED,
    **fields: Any,
) -> Release:
    """A move of the champion to an evidence's adapter; a roll-back rests on no decision."""
    decided = records if reason is MoveReason.PROMOTED else None
    move = AliasMove(
        alias="champion",
        adapter=records.adapter.id if records else None,
        decision=decided.decision.id if decided else None,
        previous=before.move.id if before else None,
        reason=reason,
        **fields,
    )
    return Release(
        at=at,
        move=move,
        decision=decided.decision if decided else None,
        adapter=records.adapter if records else None,
        training=records.training if records else None,
        evaluation=decided.candidate.evaluation if decided else None,
        champion=decided.champion.evaluation if decided else None,
    )


@pytest.fixture
def first() -> Release:
    return release("2026-01-02T10:00:00+00:00", complete(training=FIRST), None, author="Ada")


@pytest.fixture
def later() -> CardRecords:
    recipe = component("nf4/nf4-qlora", **{**RECIPE.settings, "rank": 32, "alpha": 64})
    return complete(
        training=SECOND,
        training_fields={"recipe": recipe, "seed": 8},
        champion_adapter="sha256:c",
        verdicts=(*PASSING, judged("no slice", NON_INFERIOR, "policy", SLICED)),
        outcome=DecisionOutcome.INCONCLUSIVE,
        look=2,
    )


@pytest.fixture
def waiver(later: CardRecords) -> Dated[Waiver]:
    record = Waiver(
        decision=later.decision.id,
        rule="no slice",
        author="Grace",
        reason="four German rows",
        expires=date(2026, 6, 30),
    )
    return Dated("2026-02-01T09:00:00+00:00", record)


@pytest.fixture
def second(first: Release, later: CardRecords, waiver: Dated[Waiver]) -> Release:
    return release("2026-02-01T10:00:00+00:00", later, first, waivers=(waiver.record.id,))


@pytest.fixture
def whole(first: Release, second: Release, waiver: Dated[Waiver]) -> Changelog:
    """Two promotions, the second by a waiver, and the way back."""
    back = release("2026-02-03T10:00:00+00:00", complete(training=FIRST), second, MoveReason.ROLLED_BACK, author="Ada")
    datasets = [
        Dated("2026-01-01T00:00:00+00:00", HELD_OUT),
        Dated("2026-01-01T00:00:01+00:00", FIRST),
        Dated("2026-01-31T00:00:00+00:00", SECOND),
    ]
    return changelog_context("Northwind Bank", [first, second, back], [waiver], datasets)


def of(name: str, changes: Any) -> tuple[str | None, str | None]:
    (found,) = (one for one in changes if one.name == name)
    return found.before, found.after


def test_entries_stand_newest_first(whole: Changelog) -> None:
    assert [(entry.kind, entry.at[:10]) for entry in whole.adapters] == [
        ("rollback", "2026-02-03"),
        ("promotion", "2026-02-01"),
        ("waiver", "2026-02-01"),
        ("promotion", "2026-01-02"),
    ]
    assert [(entry.role, entry.at[:10]) for entry in whole.datasets] == [
        ("training", "2026-01-31"),
        ("training", "2026-01-01"),
        ("evaluation", "2026-01-01"),
    ]


def test_a_waiver_of_the_same_second_came_before_its_promotion(
    first: Release, second: Release, waiver: Dated[Waiver]
) -> None:
    log = changelog_context("T", [first, second], [Dated(second.at, waiver.record)], [])
    assert [entry.kind for entry in log.adapters] == ["promotion", "waiver", "promotion"]


def test_a_promotion_says_what_changed(whole: Changelog, first: Release, second: Release) -> None:
    entry = whole.adapters[1]
    assert isinstance(entry, AdapterChange)
    assert (entry.before, entry.after) == (first.move.adapter, second.move.adapter)
    assert (entry.decision, entry.outcome, entry.look) == (second.move.decision, DecisionOutcome.INCONCLUSIVE, 2)
    assert (entry.author, entry.waivers) == (None, second.move.waivers)
    assert entry.recipe == (
        Changed(name="alpha", before="32", after="64"),
        Changed(name="rank", before="16", after="32"),
        Changed(name="the seed", before="7", after="8"),
    )
    assert entry.base == ()
    assert isinstance(entry.data, DataChanges)
    assert (entry.data.before, entry.data.after) == (FIRST.id, SECOND.id)


def test_scores_have_the_intervals_of_the_decision(whole: Changelog) -> None:
    entry = whole.adapters[1]
    assert isinstance(entry, AdapterChange)
    scores = {line.metric: line for line in entry.scores}
    assert (scores["rouge_l"].before, scores["rouge_l"].after) == (0.2396, 0.31274836)
    (found,) = scores["rouge_l"].findings
    assert (found.rule, found.outcome, found.estimate) == ("improves rouge_l", "PASS", 0.0731)
    assert found.interval == PASSING[0].verdict.interval
    assert scores["perplexity"].findings == ()
    assert scores["policy"].after.absent == "this adapter has no such measurement"  # type: ignore[union-attr]
    assert scores["policy"].findings[0].outcome == "INCONCLUSIVE"


def test_a_value_measured_with_other_settings_is_not_the_one_before() -> None:
    scores = (measurement("metrics/rouge_l", 0.5, stemmer=True),)
    given = complete(scores=scores)
    (entry,) = changelog_context("T", [release("2026-01-02T10:00:00+00:00", given, None)], [], []).adapters
    assert isinstance(entry, AdapterChange)
    line = next(line for line in entry.scores if line.metric == "rouge_l")
    assert line.before.absent == "the champion was measured with other settings"  # type: ignore[union-attr]


def test_the_first_release_takes_the_place_of_the_base(whole: Changelog) -> None:
    entry = whole.adapters[-1]
    assert isinstance(entry, AdapterChange)
    assert entry.before is None
    assert of("rank", entry.recipe) == (None, "16")
    assert of("the trainer", entry.recipe) == (None, "nf4/nf4-qlora")
    assert [one.name for one in entry.base] == ["the base"]
    assert isinstance(entry.data, DataChanges)
    assert entry.data.before is None


def test_another_base_is_named(first: Release) -> None:
    other = complete(training=FIRST, base=BASE.model_copy(update={"revision": "f" * 40}))
    entry = changelog_context("T", [first, release("2026-03-01T00:00:00+00:00", other, first)], [], []).adapters[0]
    assert isinstance(entry, AdapterChange)
    assert len(entry.base) == 1
    assert entry.data is None


def test_a_rollback_and_a_waiver_are_entries_of_their_own(
    whole: Changelog, first: Release, second: Release, later: CardRecords
) -> None:
    back, _, waived, _ = whole.adapters
    assert isinstance(back, RolledBack)
    assert (back.before, back.after, back.author) == (second.move.adapter, first.move.adapter, "Ada")
    assert (back.decision, back.regressed) == (None, ())
    assert isinstance(waived, Waived)
    assert (waived.rule, waived.author, waived.decision) == ("no slice", "Grace", later.decision.id)


def test_a_shown_regression_says_why(first: Release) -> None:
    shown = complete(
        training=FIRST, verdicts=(judged("kept", NON_INFERIOR, "perplexity", FAILED),), outcome=DecisionOutcome.REFUSED
    )
    move = AliasMove(
        alias="champion", adapter=None, decision=shown.decision.id, previous=first.move.id, reason=MoveReason.REGRESSED
    )
    back = Release(
        at="2026-03-01T00:00:00+00:00",
        move=move,
        decision=shown.decision,
        adapter=None,
        training=None,
        evaluation=shown.candidate.evaluation,
        champion=shown.champion.evaluation,
    )
    log = changelog_context("T", [first, back], [], [])
    entry = log.adapters[0]
    assert isinstance(entry, RolledBack)
    assert (entry.after, entry.decision, entry.regressed) == (None, shown.decision.id, (FAILED.reason,))
    again = release("2026-04-01T00:00:00+00:00", complete(training=FIRST), back)
    after_base = changelog_context("T", [first, back, again], [], []).adapters[0]
    assert isinstance(after_base, AdapterChange)
    assert after_base.before is None
    assert isinstance(after_base.data, DataChanges)
    text = render_changelog(log).text
    assert "rolled back to the base without an adapter" in text
    assert f"- {FAILED.reason}" in text


def test_of_an_adapter_trained_elsewhere_only_scores_are_compared(first: Release, imported: dict[str, Any]) -> None:
    foreign = release("2026-03-01T00:00:00+00:00", complete(**imported), first)
    own = release("2026-04-01T00:00:00+00:00", complete(training=SECOND), foreign)
    after, entry, _ = changelog_context("T", [first, foreign, own], [], []).adapters
    for change, words in ((entry, "trained elsewhere"), (after, "the adapter before it was trained elsewhere")):
        assert isinstance(change, AdapterChange)
        assert change.recipe.absent.startswith(words)  # type: ignore[union-attr]
        assert change.data.absent.startswith(words)  # type: ignore[union-attr]
        assert change.scores


@pytest.mark.parametrize("missing", [0, 1])
def test_a_move_that_is_missing_is_found(first: Release, second: Release, missing: int) -> None:
    back = release("2026-02-03T10:00:00+00:00", complete(training=FIRST), second, MoveReason.ROLLED_BACK)
    moves = [first, second, back]
    del moves[missing]
    with pytest.raises(IntegrityError, match="one is missing"):
        changelog_context("T", moves, [], [])


def test_records_that_do_not_name_each_other_are_refused(later: CardRecords) -> None:
    move = AliasMove(
        alias="champion",
        adapter=later.adapter.id,
        decision=later.decision.id,
        previous=None,
        reason=MoveReason.PROMOTED,
    )
    right: dict[str, Any] = {
        "decision": later.decision,
        "adapter": later.adapter,
        "training": later.training,
        "evaluation": later.candidate.evaluation,
        "champion": later.champion.evaluation,
    }
    Release(at="", move=move, **right)
    for name in right:
        with pytest.raises(IntegrityError, match="changelog: the "):
            Release(at="", move=move, **{**right, name: None})


# --- datasets ---------------------------------------------------------------------------------------------------------


def test_sources_are_added_removed_and_edited() -> None:
    changes = data_changes(FIRST, SECOND)
    assert [one.name for one in changes.sources] == ["data/jsonl a.jsonl", "data/jsonl b.jsonl", "data/jsonl c.jsonl"]
    before, after = of("data/jsonl a.jsonl", changes.sources)
    assert str(before).startswith("403 rows, licence MIT, path a.jsonl (")
    assert str(after).startswith("400 rows, licence MIT, path a.jsonl (")
    assert str(before).split("(")[1] != str(after).split("(")[1]
    assert of("data/jsonl b.jsonl", changes.sources)[1] is None
    assert of("data/jsonl c.jsonl", changes.sources)[0] is None


def test_rows_steps_drops_and_mix_change() -> None:
    changes = data_changes(FIRST, SECOND)
    assert changes.size == (
        Changed(name="groups", before="160", after="210"),
        Changed(name="rows", before="409", after="500"),
    )
    assert of("data/length", changes.steps) == ("step 1, filter, max_tokens 512", None)
    assert of("data/near_duplicates: near duplicate", changes.drops) == ("10", "19")
    assert of("data/near_duplicates: too short", changes.drops) == ("3", None)
    provenance = [one for one in changes.mix if one.name.startswith("provenance")]
    assert provenance[0] == Changed(name="provenance: human", before="27.9%", after="40.0%")


def test_what_did_not_change_is_not_said() -> None:
    changes = data_changes(FIRST, FIRST)
    assert not any((changes.size, changes.sources, changes.steps, changes.drops, changes.mix))


def test_two_sources_of_one_place_are_kept_apart() -> None:
    twice = FIRST.model_copy(update={"sources": (*FIRST.sources[:1], *FIRST.sources[:1])})
    assert [one.name for one in data_changes(FIRST, twice).sources] == ["data/jsonl a.jsonl (2)", "data/jsonl b.jsonl"]


def test_versions_are_compared_within_their_role(whole: Changelog) -> None:
    newest, oldest, evaluation = whole.datasets
    assert (newest.changes.before, newest.changes.after) == (FIRST.id, SECOND.id)
    assert (oldest.changes.before, evaluation.changes.before) == (None, None)
    assert of("rows", evaluation.changes.size) == (None, "169")


# --- text -------------------------------------------------------------------------------------------------------------


def test_the_template_names_the_fields_of_the_context() -> None:
    source = (installed_templates() / TEMPLATE).read_text(encoding="utf-8")
    parsed = card_environment(jinja2.FileSystemLoader(installed_templates())).parse(source)
    assert jinja2.meta.find_undeclared_variables(parsed) == set(Changelog.model_fields)


def tables_of(text: str) -> list[list[str]]:
    """The first row of each table."""
    tokens = PARSER.parse(text)
    starts = [at for at, token in enumerate(tokens) if token.type == "thead_open"]
    ends = [at for at, token in enumerate(tokens) if token.type == "thead_close"]
    return [
        [token.content for token in tokens[start:end] if token.type == "inline"]
        for start, end in zip(starts, ends, strict=True)
    ]


def test_the_changelog_is_markdown(whole: Changelog) -> None:
    text = render_changelog(whole).text
    headings = [
        PARSER.parse(text)[at + 1].content
        for at, token in enumerate(PARSER.parse(text))
        if token.type == "heading_open"
    ]
    assert headings[0] == "Changelog of Northwind Bank"
    assert next(heading for heading in headings if "promoted adapter" in heading).startswith("2026-02-01")
    assert ["setting", "before", "after"] in tables_of(text)
    assert ["source", "before", "after"] in tables_of(text)
    assert "| rank | 16 | 32 |" in text
    assert "It rests on waivers: `" in text
    assert "| `rouge_l` | 0.2396 | 0.3127 | `improves rouge_l` | champion | 0.0731 | 0.0512 to 0.095 (95%) |" in text
    assert "| `perplexity` | 15.7 | 9.877 | no rule | | | | | |" in text
    assert "until 2026-06-30. By: Grace. Reason: four German rows" in text
    assert render_changelog(whole) == render_changelog(whole)


def test_an_empty_ledger_has_a_changelog() -> None:
    text = render_changelog(changelog_context("T", [], [], [])).text
    assert "No adapter has been promoted." in text
    assert "No dataset version is recorded." in text


def hostile_dataset(text: str) -> DatasetVersion:
    step = TRAINING.steps[1]
    hostile = step.model_copy(update={"component": component(text, **{text: text}), "dropped": {text: 3}})
    sources = (SourceUse(component=component(text, **{text: text}), rows=3, licence=text),)
    return TRAINING.model_copy(update={"sources": sources, "steps": (hostile,), "mix": {text: {text: 409}}})


def hostile_log(text: str) -> Changelog:
    dataset = hostile_dataset(text)
    verdict = FAILING[2].verdict.model_copy(update={"reason": text, "contrast": text})
    given = complete(
        training=dataset,
        training_fields={"recipe": component(text, **{text: text})},
        verdicts=(judged(text, NON_INFERIOR, text, verdict),),
        scores=(measurement("metrics/x", 0.5).model_copy(update={"name": text}),),
    )
    waiver = Waiver(decision=given.decision.id, rule=text, author=text, reason=text, expires=date(2026, 6, 30))
    at = "2026-01-02T10:00:00+00:00"
    moved = release(at, given, None, author=text)
    back = release(at, None, moved, MoveReason.ROLLED_BACK, author=text)
    return changelog_context(text, [moved, back], [Dated(at, waiver)], [Dated(at, dataset)])


def test_no_text_leaves_its_place() -> None:
    tame, hostile = (render_changelog(hostile_log(text)).text for text in ("x", HOSTILE))
    assert [(token.type, token.level) for token in PARSER.parse(hostile)] == [
        (token.type, token.level) for token in PARSER.parse(tame)
    ]
    inline = {child.type for token in PARSER.parse(hostile) for child in token.children or ()}
    assert inline <= {"text", "code_inline", "strong_open", "strong_close", "softbreak"}
    assert "\u202e" not in hostile
    assert len(hostile) > len(tame)


def test_a_project_puts_its_template_in_front(whole: Changelog, tmp_path: Path) -> None:
    (tmp_path / TEMPLATE).write_text("{{ title }}", encoding="utf-8")
    assert render_changelog(whole, tmp_path).text == "Northwind Bank"
    (tmp_path / TEMPLATE).write_text("{{ titel }}", encoding="utf-8")
    with pytest.raises(ProjectError, match="'titel' is undefined"):
        render_changelog(whole, tmp_path)
