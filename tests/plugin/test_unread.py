"""What a metric says that it does not read, and the line that it is told in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qlora_gov.errors import PluginError
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import MetricTraits, Unread, ratio
from qlora_gov.plugin.unread import UnreadAmong, unread_line, unread_rows
from qlora_gov.records.example import Example
from tests.stages.toys import component, example

EXAMPLES = [example("a", "Yes."), example("b", "да"), example("c", "はい")]


def measure(metric: Any) -> Measure:
    traits = MetricTraits("words", True, "absolute", False, ratio)
    return Measure(component("words"), ("sum", "rows"), traits, frozenset({"response"}), metric)


class Ascii:
    def unread(self, example: Example) -> Any:
        return None if example.reference.isascii() else Unread("beyond ASCII", "use another")


def says(value: Any) -> Any:
    metric = Ascii()
    metric.unread = lambda example: value  # type: ignore[method-assign]
    return metric


def test_each_row_that_is_not_read_is_known_with_its_reason() -> None:
    unread = Unread("beyond ASCII", "use another")
    assert unread_rows(measure(Ascii()), EXAMPLES) == {1: unread, 2: unread}


@pytest.mark.parametrize("metric", [None, object(), says(None)])
def test_a_metric_that_declares_nothing_reads_everything(metric: Any) -> None:
    assert unread_rows(measure(metric), EXAMPLES) == {}


def test_the_line_counts_the_rows_and_names_the_first_and_the_remedy() -> None:
    found = unread_rows(measure(Ascii()), EXAMPLES)
    said = "2 of 3 rows hold text that words does not read (first: file:b, beyond ASCII); use another"
    assert unread_line("words", found, EXAMPLES, 3) == said


def test_what_a_metric_does_wrong_is_told_of_the_metric() -> None:
    for value, what in ((True, "bool"), ("han", "str")):
        with pytest.raises(PluginError, match=f"^toys/words: unread returned a {what}, not an Unread or None$"):
            unread_rows(measure(says(value)), EXAMPLES)
    broken = Ascii()
    broken.unread = lambda example: 1 / 0  # type: ignore[method-assign]
    with pytest.raises(
        PluginError,
        match=r"unread raised ZeroDivisionError: division by zero \(test_unread.py, line \d+\), for file:a$",
    ):
        unread_rows(measure(broken), EXAMPLES)


def test_a_metric_cannot_change_what_it_is_asked_about() -> None:
    def spoils(example: Example) -> None:
        example.extra["level"] = ["hard"]  # type: ignore[index]

    metric, row = Ascii(), example("a", extra={"level": ["easy"]})
    metric.unread = spoils  # type: ignore[method-assign]
    assert unread_rows(measure(metric), [row]) == {}
    assert row.extra == {"level": ["easy"]}


def test_of_some_rows_only_these_are_counted() -> None:
    one = measure(Ascii())
    said = "1 of 2 rows hold text that words does not read (first: file:c, beyond ASCII); use another"
    assert UnreadAmong(EXAMPLES)(one, np.array([True, False, True])) == said
    assert UnreadAmong(EXAMPLES)(one, np.array([True, False, False])) is None
    assert UnreadAmong(EXAMPLES)(measure(says(1)), np.ones(3, dtype=bool)) == (
        "toys/words: unread returned a int, not an Unread or None"
    )
