from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError, PluginError
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.plugin.specs import Change, Drop, Span
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import examples_of, examples_table, without_origins
from qlora_gov.stages.curate.build import curate_dataset
from qlora_gov.stages.curate.freezing import Curated, Workshop, in_order
from qlora_gov.stages.curate.uses import Curation, HeldOut, UsedSource, UsedStep
from tests.stages.toys import Quiet, component, example


class Rows:
    def __init__(self, *rows: Any) -> None:
        self.rows = rows

    def read(self) -> Iterator[Example]:
        yield from self.rows


class Step:
    """A filter that is a function of the rows and the held-out rows."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.held_out: Sequence[Example] = ()

    def keep_clear_of(self, held_out: Sequence[Example]) -> None:
        self.held_out = held_out

    def apply(self, rows: Sequence[Example]) -> Any:
        return self.function(rows, self.held_out)


class Firsts:
    """Of the rows with the same first letter, keeps the first."""

    def sketch(self, rows: Sequence[Example]) -> list[bytes]:
        return [row.question[:1].encode() for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> dict[int, Drop]:
        first: dict[bytes, int] = {}
        kept = [(place, first.setdefault(sketch, place)) for place, sketch in enumerate(sketches)]
        return {place: Drop("letter", 0.5, ids[stays]) for place, stays in kept if stays != place}


def drop_where(predicate: Callable[[Example], bool], reason: str) -> Step:
    return Step(lambda rows, held_out: [Drop(reason) if predicate(row) else row for row in rows])


LEAKED = Step(lambda rows, held_out: [Drop("leak") if row.id in {h.id for h in held_out} else row for row in rows])
SHOUTED = Step(
    lambda rows, held_out: [
        row if row.reference.isupper() else row.with_messages((*row.prompt, Message(role="assistant", content="YES.")))
        for row in rows
    ]
)


def curate(
    rows: Sequence[Any],
    steps: dict[str, Any],
    held_out: HeldOut | None = None,
    processes: int = 1,
    more: Sequence[Any] = (),
) -> Curated:
    sources = [UsedSource(Rows(*rows), component("rows"), "MIT")]
    sources += [UsedSource(Rows(*more), component("more"))] if more else []
    used = [
        UsedStep(
            step,
            component(name),
            judges_set=hasattr(step, "choose"),
            decontaminates=name in ("leak", "bad", "becomes") and not hasattr(step, "choose"),
        )
        for name, step in steps.items()
    ]
    progress = Quiet()
    with TemporaryDirectory() as work:
        shop = Workshop(DatasetParquet(), Path(work), progress, processes)
        made = curate_dataset(Curation("training", sources, used, held_out), shop)
        assert progress.done == progress.total == len(sources) + sum(step.judges_set for step in used)
        table = {**DatasetParquet().read(made.rows)}
    assert table["source"] == made.tables["origins"]["source"]
    return replace(made, tables={**made.tables, "examples": table})


def run(
    rows: Sequence[Any], steps: dict[str, Any], held_out: HeldOut | None = None, more: Sequence[Any] = ()
) -> tuple[DatasetVersion, list[Example]]:
    """The version, and its rows by what they ask."""
    made = curate(rows, steps, held_out, more=more)
    return made.version, sorted(examples_of(made.tables["examples"]), key=lambda row: row.question)


ROWS = [
    example("a", intent="card", language="en", provenance="human"),
    example("b", intent="card", group="a"),
    example("c", answer="NO.", intent="fees"),
    example("d", provenance="synthetic"),
]


def test_the_version_tells_where_rows_came_from_and_what_became_of_them() -> None:
    steps = {
        "c": drop_where(lambda row: row.question == "c", "unwanted"),
        "none": drop_where(lambda row: False, "never"),
        "up": SHOUTED,
    }
    version, kept = run(ROWS[:1], steps, more=ROWS[1:])
    assert [(use.component.name, use.rows, use.licence) for use in version.sources] == [
        ("toys/rows", 1, "MIT"),
        ("toys/more", 3, None),
    ]
    assert [(s.component.name, s.rows_in, dict(s.dropped), s.changed) for s in version.steps] == [
        ("toys/c", 4, {"unwanted": 1}, 0),
        ("toys/none", 3, {}, 0),
        ("toys/up", 3, {}, 3),
    ]
    assert [row.question for row in kept] == ["a", "b", "d"]
    assert (version.rows, version.groups, version.held_out) == (3, 2, None)
    assert version.mix == {
        "provenance": {"human": 1, "not stated": 1, "synthetic": 1},
        "intent": {"card": 2, "not stated": 1},
        "language": {"en": 1, "not stated": 2},
    }
    assert version.digest == columns_id(without_origins(examples_table(in_order(kept))))


def test_a_changed_row_is_recorded_under_its_new_id() -> None:
    known = {row.id for row in ROWS}  # ids that a filter asked for before the change
    version, kept = run(ROWS[:1], {"up": SHOUTED})
    assert not known & {row.id for row in kept}
    table = examples_table(kept)
    assert table["id"] == [example("a", answer="YES.").id]
    assert version.digest == columns_id(without_origins(table))


def test_steps_see_the_rows_that_the_steps_before_left_and_those_held_out() -> None:
    held_out = HeldOut("sha256:9", [ROWS[3]])
    version, kept = run(ROWS, {"leak": LEAKED, "up": SHOUTED}, held_out)
    assert version.held_out == "sha256:9"
    assert [step.decontaminates for step in version.steps] == [True, False]
    assert version.parents == ("sha256:9",)
    assert [row.question for row in kept] == ["a", "b", "c"]
    # In the other order no row is equal to the held-out one any more.
    assert len(run(ROWS, {"up": SHOUTED, "leak": LEAKED}, held_out)[1]) == 4


def test_no_rows_left_is_an_error_that_tells_where_they_went() -> None:
    steps = {
        "short": drop_where(lambda row: row.question < "c", "short"),
        "rest": drop_where(lambda row: True, "toxic"),
    }
    with pytest.raises(DataError) as caught:
        run(ROWS, steps)
    assert str(caught.value) == (
        "no training data is left: 4 rows read; toys/short dropped 2 (short); toys/rest dropped 2 (toxic)"
    )
    with pytest.raises(DataError, match="no training data is left: 0 rows read"):
        run([], {})


def test_an_example_without_an_answer_is_named() -> None:
    asked = example("a").with_messages((Message(role="user", content="a"),))
    with pytest.raises(DataError, match=r"^file:a: ends in a turn of the user, not of the assistant$"):
        run([ROWS[1], asked], {})


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda rows, held_out: rows[1:], "toys/bad returned 3 results for 4 rows"),
        (lambda rows, held_out: iter(rows[:2]), "toys/bad returned 2 results for 4 rows"),
        (lambda rows, held_out: [None, *rows[1:]], "toys/bad returned a NoneType, not an Example, a Change or a Drop"),
        (lambda rows, held_out: [Drop, *rows[1:]], "toys/bad returned a type, not an Example, a Change or a Drop"),
    ],
)
def test_a_filter_that_loses_rows_in_silence_is_refused(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(PluginError, match=said):
        run(ROWS, {"bad": Step(function)})


def test_a_source_yields_examples() -> None:
    with pytest.raises(PluginError, match="toys/rows yielded a dict, not an Example"):
        run([ROWS[0], {"prompt": "a"}], {})


def test_the_same_rows_and_steps_give_the_same_record() -> None:
    steps = {"c": drop_where(lambda row: row.question == "c", "unwanted")}
    assert run(ROWS, steps)[0].id == run(ROWS[::-1], steps)[0].id != run(ROWS, {})[0].id
    elsewhere = [row.model_copy(update={"source": f"other:{row.question}"}) for row in ROWS]
    assert run(ROWS, steps)[0].digest == run(elsewhere, steps)[0].digest != run(ROWS, {})[0].digest
    assert run(ROWS, steps)[0].id != run(elsewhere, steps)[0].id


FOREIGN = example("foreign", source="elsewhere:1")
HELD = example("held", source="held:1")


def fills(rows: Sequence[Any], held_out: Sequence[Any]) -> Any:
    rows[1].extra["seen"] = True
    return rows


def rewrites(rows: Sequence[Any], held_out: Sequence[Any]) -> Any:
    object.__setattr__(rows[2], "messages", rows[0].messages)
    return rows


class Spoils(Step):
    def keep_clear_of(self, held_out: Sequence[Any]) -> None:
        held_out[0].__dict__["group"] = "another"


def test_a_filter_that_changes_a_held_out_row_is_refused() -> None:
    with pytest.raises(PluginError, match=r"^toys/bad changed a row in place, first held:1; return a changed copy$"):
        run(ROWS, {"bad": Spoils(lambda rows, held_out: rows)}, HeldOut("sha256:9", [HELD]))


def exits(rows: Sequence[Any], held_out: Sequence[Any]) -> Any:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            lambda rows, held: [*held, *rows[1:]],
            "toys/bad returned held:1 in place of file:a; a filter",
        ),
        (lambda rows, held: [FOREIGN, *rows[1:]], "toys/bad returned elsewhere:1 in place of file:a"),
        (lambda rows, held: [rows[0], rows[0], *rows[2:]], "toys/bad returned file:a in place of file:b"),
        (lambda rows, held: [*reversed(rows)], "toys/bad returned file:d in place of file:a"),
        (
            lambda rows, held: [rows[0].with_messages(held[0].messages), *rows[1:]],
            "the steps turned file:a into a held-out row; put held_out_leak last, which drops such rows",
        ),
        (fills, "toys/bad changed a row in place, first file:b; return a changed copy"),
        (rewrites, "toys/bad changed a row in place, first file:c"),
        (exits, "toys/bad raised SystemExit: 0 (test_curate.py, line"),
        (lambda rows, held: 1 / 0, "toys/bad raised ZeroDivisionError: division by zero"),
        (lambda rows, held: None, "toys/bad raised TypeError"),
        (lambda rows, held: [Drop(""), *rows[1:]], "toys/bad dropped file:a without a reason in words"),
        (lambda rows, held: [Drop(7), *rows[1:]], "toys/bad dropped file:a without a reason in words"),
    ],
)
def test_a_filter_returns_the_rows_that_it_was_given(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(PluginError) as caught:
        run(ROWS, {"bad": Step(function)}, HeldOut("sha256:9", [HELD]))
    assert str(caught.value).startswith(said)


def test_a_row_that_became_a_held_out_one_may_be_dropped_later() -> None:
    """As where redaction makes a training row what the redacted held-out row is."""
    becomes = Step(lambda rows, held: [rows[0].with_messages(held[0].messages), *rows[1:]])
    _, kept = run(ROWS, {"becomes": becomes, "leak": LEAKED}, HeldOut("sha256:9", [HELD]))
    assert [row.question for row in kept] == ["b", "c", "d"]


def test_what_a_filter_keeps_it_cannot_change_later() -> None:
    kept: list[Any] = []

    def keeps(rows: Sequence[Any], held_out: Sequence[Any]) -> Any:
        changed = [row.model_copy(update={"extra": {"tags": ["one"]}}) for row in rows]
        kept.extend(changed)
        return changed

    def spoils(rows: Sequence[Any], held_out: Sequence[Any]) -> Any:
        for row in kept:
            row.extra["tags"].append("two")
        return rows

    _, left = run(ROWS, {"keeps": Step(keeps), "spoils": Step(spoils)})
    assert all(row.extra == {"tags": ["one"]} for row in left)


def test_a_reason_is_made_fit_for_a_record() -> None:
    version, _ = run(ROWS, {"b": drop_where(lambda row: row.question == "b", "a\ud800\n")})
    assert dict(version.steps[0].dropped) == {"a{U+D800}": 1}


def test_a_step_that_judges_the_set_keeps_the_first_by_what_rows_say() -> None:
    rows = [example(question) for question in ("a1", "b1", "a2", "a3", "b2", "c1")]
    for order in (rows, rows[::-1]):
        made = curate(order, {"firsts": Firsts(), "up": SHOUTED})
        first = {letter: min((row.id, row.question) for row in rows if row.question[0] == letter) for letter in "abc"}
        left = {row.question for row in examples_of(made.tables["examples"])}
        assert left == {question for _, question in first.values()}
        changes = made.tables["changes"]
        dropped = [place for place, became in enumerate(changes["became"]) if became is None]
        assert [changes["step"][place] for place in dropped] == [0, 0, 0]
        assert {changes["reason"][place] for place in dropped} == {"letter"}
        assert {changes["matched"][place] for place in dropped} == {first["a"][0], first["b"][0]}
        gone = {row.id: row.source for row in rows if row.question not in left}
        assert {changes["example"][place]: changes["source"][place] for place in dropped} == gone
        assert [changes["score"][place] for place in dropped] == [0.5, 0.5, 0.5]
        assert dict(made.version.steps[0].dropped) == {"letter": 3}


def test_what_a_step_did_with_each_row_is_on_record_and_its_text_is_not() -> None:
    found = (Span(0, "WORD", 0, 1), Span(1, "WORD", 0, 3))
    renamed = example(
        "a", answer="Maybe.", source="file:a", group="a", intent="card", language="en", provenance="human"
    )
    step = Step(lambda rows, held: [Change(renamed, "hedged", 0.75, found), Drop("unwanted"), *rows[2:]])
    made = curate(ROWS, {"step": step})
    changes = made.tables["changes"]
    at = list(changes["reason"]).index("hedged")
    assert {name: column[at] for name, column in changes.items()} == {
        "row": at,
        "step": 0,
        "source": "file:a",
        "example": ROWS[0].id,
        "became": renamed.id,
        "reason": "hedged",
        "score": 0.75,
        "matched": None,
        "spans": '{"WORD": [[0, 0, 1], [1, 0, 3]]}',
    }
    assert dict(made.version.steps[0].altered) == {"hedged": 1}
    assert made.version.changes == columns_id(changes)


class Shouts:
    """Upper case for rows of one letter, a drop for those of two; it can be sent to another process."""

    def apply(self, rows: Sequence[Example]) -> list[Example | Drop]:
        return [
            Drop("long")
            if len(row.question) > 2
            else row.with_messages((*row.prompt, Message(role="assistant", content="YES.")))
            for row in rows
        ]


def test_several_processes_make_the_same_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlora_gov.stages.curate.course.BATCH", 3)
    rows = [example(f"{number}") for number in range(120)]
    steps = {"shouts": Shouts(), "firsts": Firsts(), "again": Shouts()}
    alone, together = (curate(rows, steps, processes=processes) for processes in (1, 2))
    assert alone.version == together.version
    assert alone.version.rows == 10
    for name, table in alone.tables.items():
        assert columns_id(table) == columns_id(together.tables[name])


class Dies(Shouts):
    def apply(self, rows: Sequence[Example]) -> list[Example | Drop]:
        os._exit(9)


class Raises(Shouts):
    def apply(self, rows: Sequence[Example]) -> list[Example | Drop]:
        raise ValueError(rows[0].source)


@pytest.mark.parametrize(
    ("step", "said"), [(Dies(), "ended without a word"), (Raises(), "toys/other raised ValueError: file:")]
)
def test_what_fails_in_another_process_is_told_here(step: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlora_gov.stages.curate.course.BATCH", 3)
    with pytest.raises(PluginError, match=said):
        curate([example(f"{number}") for number in range(60)], {"other": step}, processes=2)


def fails_late(rows: Sequence[Example]) -> Iterator[Example]:
    yield rows[0]
    raise SystemExit(0)


class Late:
    def read(self) -> Iterator[Example]:
        return fails_late(ROWS)


def test_a_source_that_fails_is_named(tmp_path: Path) -> None:
    shop = Workshop(DatasetParquet(), tmp_path, Quiet())
    with pytest.raises(PluginError, match=r"^toys/late raised SystemExit: 0 \(test_curate.py, line \d+\)$"):
        curate_dataset(Curation("training", [UsedSource(Late(), component("late"))], []), shop)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            ROWS[0].model_copy(update={"extra": {"day": object()}}),
            "file:a: toys/rows yielded it, and it cannot be",
        ),
        (ROWS[0].model_copy(update={"group": None}), "file:a: toys/rows yielded it: group: "),
        (example("\ud800", source="f:1"), "f:1: toys/rows yielded it, and it cannot be recorded: "),
    ],
)
def test_a_row_that_no_ledger_could_hold_is_named(row: Example, said: str) -> None:
    with pytest.raises(DataError) as caught:
        run([row, *ROWS[1:]], {})
    assert str(caught.value).startswith(said)
