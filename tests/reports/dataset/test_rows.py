"""Which rows one version has and another has not."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.records.table import Table
from qlora_gov.reports.dataset.rows import RowChanges, RowCount, row_changes


def origins(**files: str) -> Table:
    """The table of files whose rows are letters; capitals are human, others synthetic."""
    rows = [(one, f"{name}.jsonl:{line}") for name, text in files.items() for line, one in enumerate(text, 1)]
    random.Random(0).shuffle(rows)  # as rows stand in the order of what they say
    return {
        "example": [one for one, _ in rows],
        "provenance": ["human" if one.isupper() else "synthetic" for one, _ in rows],
        "source": [source for _, source in rows],
    }


def told(changes: RowChanges) -> tuple[list[tuple[str, str, int]], ...]:
    return tuple(
        [(one.source, one.provenance, one.rows) for one in part]
        for part in (changes.added, changes.removed, changes.changed)
    )


def test_lines_that_come_and_go_change_no_other_row() -> None:
    changes = row_changes(origins(a="abcdef"), origins(a="XYabdef"))
    assert told(changes) == ([("a.jsonl", "human", 2)], [("a.jsonl", "synthetic", 1)], [])
    assert changes.kept == 5


def test_a_row_that_stands_where_another_stood_was_changed_wherever_the_file_begins_now() -> None:
    changes = row_changes(origins(a="abcdef"), origins(a="XabCdeFG"))
    assert told(changes) == ([("a.jsonl", "human", 2)], [], [("a.jsonl", "human", 2)])


def test_rows_in_another_file_are_the_same_rows() -> None:
    changes = row_changes(origins(a="abc", b="def"), origins(c="fedcba"))
    assert (told(changes), changes.kept) == (([], [], []), 6)


def test_a_row_that_is_there_once_more_is_an_added_one() -> None:
    changes = row_changes(origins(a="ab"), origins(a="abb"))
    assert (told(changes), changes.kept) == (([("a.jsonl", "synthetic", 1)], [], []), 2)


def test_the_first_rows_of_different_files_are_not_the_same_place() -> None:
    changes = row_changes(origins(a="xa", b="b"), origins(a="a", b="yb"))
    assert told(changes) == ([("b.jsonl", "synthetic", 1)], [("a.jsonl", "synthetic", 1)], [])


def test_an_address_without_a_line_is_a_place_of_its_own() -> None:
    table = {"example": ["a"], "provenance": [None], "source": ["memory"]}
    changes = row_changes({name: [] for name in table}, table)
    assert changes.added == (RowCount(provenance="not stated", source="memory", rows=1),)


TEXTS = st.text("abcABC", max_size=12)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_the_counts_add_up(one: str, two: str, three: str, four: str) -> None:
    before, after = origins(a=one, b=two), origins(a=three, b=four)
    changes = row_changes(before, after)
    added, removed, changed = (sum(count for *_, count in part) for part in told(changes))
    assert changes.kept + added + changed == len(three + four)
    assert changes.kept + removed + changed == len(one + two)
    back = row_changes(after, before)
    assert (told(back)[0], told(back)[1]) == (told(changes)[1], told(changes)[0])
