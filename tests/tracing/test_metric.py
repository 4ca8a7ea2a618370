"""From a value down to rows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from qlora_gov.errors import UsageError
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import MetricTraits
from qlora_gov.records import Absent
from qlora_gov.tracing import Trace, open_card, trace
from qlora_gov.tracing.rows import Pair
from tests.support.imported import GOOD, Imported, make_imported
from tests.support.released import ROWS


def traced(project: Imported, metric: str = "accuracy", **options: int) -> Trace:
    space = project.pipeline.space
    return trace(space, open_card(space.ledger, space.ledger.entries("decision")[-1].id), metric, **options)


def test_every_value_is_that_of_its_rows(released: Imported) -> None:
    """The trace's own rows and slices give the value again, on both sides."""
    found = traced(released, rows=ROWS)
    assert [value.who for value in found.values] == ["candidate", "champion"]
    for value, side in zip(found.values, ("candidate", "baseline"), strict=True):
        rows = [getattr(row, side).statistics for row in found.rows]
        assert len(rows) == value.rows == value.scored == ROWS
        total = sum(row["sum"] for row in rows) / sum(row["rows"] for row in rows)
        assert total == pytest.approx(value.value, rel=1e-12)
        weights = [one.rows for one in found.slices if one.label == "intent"]
        slices = [getattr(one, side if side == "candidate" else "baseline") for one in found.slices]
        assert np.average(slices, weights=weights) == pytest.approx(value.value, rel=1e-12)


def test_rules_plugin_and_entries_are_on_the_way(released: Imported) -> None:
    found = traced(released)
    assert [item.rule.name for item in found.rules] == ["non_inferior accuracy", "no_regressed_slice accuracy"]
    assert (found.plugin.name, found.plugin.distribution) == ("toy/accuracy", "plugins/toy.py")
    assert found.plugin.installed == found.plugin.source
    assert {entry.kind for entry in found.entries} >= {"decision", "policy", "evaluation", "responses", "dataset"}
    assert all(released.ledger.get(entry.id).seq == entry.seq for entry in found.entries)


def test_the_worst_rows_come_first_with_their_source(released: Imported) -> None:
    found = traced(released, rows=5)
    assert len(found.rows) == 5
    for row in found.rows:
        assert (row.candidate.score, row.baseline.score) == (0.0, 1.0)
        assert row.source == f"question {row.row} of @asker{row.row}?"
    losses = [one.baseline - one.candidate for one in found.slices]  # type: ignore[operator]
    assert losses == sorted(losses, reverse=True)


def test_what_detectors_found_is_taken_out_on_each_side_by_its_own_spans(released: Imported) -> None:
    found = traced(released, rows=ROWS)
    assert {row.prompt for row in found.rows} == {f"question {row} of [handle]?" for row in range(ROWS)}
    texts = [answer.answer for row in found.rows for answer in (row.candidate, row.baseline)]
    assert not any("@" in text for text in texts)
    assert any("[handle]" in row.candidate.answer and "[handle]" not in row.baseline.answer for row in found.rows)
    assert any("[handle]" in row.baseline.answer and "[handle]" not in row.candidate.answer for row in found.rows)


def test_a_rate_is_traced_too(released: Imported) -> None:
    found = traced(released, "handles_rate", rows=ROWS)
    flagged = [row.row for row in found.rows if row.candidate.score == 1.0]
    assert len(flagged) == pytest.approx(found.values[0].value * ROWS)
    assert all("[handle]" in row.candidate.answer for row in found.rows if row.row in flagged)


def test_text_that_no_detector_scanned_stays_hidden(tmp_path: Path) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(GOOD, "a") == project("gate") == 0
    row = traced(project, rows=1).rows[0]
    assert {row.prompt, row.reference, row.candidate.answer, row.baseline.answer} == {
        "(hidden: no detector has scanned this text)"
    }


def test_without_its_plugin_a_metric_keeps_values_and_statistics(copy: Imported) -> None:
    file = copy.root / "plugins" / "toy.py"
    file.write_text(file.read_text().replace('name="accuracy"', 'name="other"'))
    found = traced(copy)
    assert isinstance(found.values[0].value, float)
    assert found.rows[0].candidate.statistics is not None
    assert isinstance(found.rows[0].candidate.score, Absent)
    assert "no metric is named 'toy/accuracy'" in found.rows[0].candidate.score.absent


def test_an_unknown_metric_suggests_the_nearest(released: Imported) -> None:
    with pytest.raises(UsageError, match="named 'acuracy'; did you mean 'accuracy'"):
        traced(released, "acuracy")


def test_a_reference_that_is_not_there_is_a_wrong_call(released: Imported) -> None:
    space = released.pipeline.space
    opened = open_card(space.ledger, space.ledger.entries("decision")[-1].id)
    with pytest.raises(UsageError, match="the decision has no reference; it is on candidate and champion"):
        trace(space, opened, "accuracy", against="reference")


@pytest.mark.parametrize(
    ("margin", "order"), [("absolute", [("long", 50.0, 55.0), ("short", 5.0, 9.0)]), ("relative", None)]
)
def test_slices_of_a_ratio_are_sorted_by_how_much_they_lost_relative_to_it(
    margin: str, order: list[tuple[str, float, float]] | None
) -> None:
    traits = MetricTraits("perplexity", False, margin, False, lambda sums: sums[..., 0])  # type: ignore[arg-type]
    measure = Measure(None, ("a",), traits, frozenset(), None)  # type: ignore[arg-type]
    pair = Pair(None, None, (), ("a",), measure)  # type: ignore[arg-type]
    slices = [("short", 5.0, 9.0), ("long", 50.0, 55.0)]
    found = sorted(slices, key=lambda one: -pair.loss(one[2], one[1]))
    assert found == (order or slices)
    assert pair.loss(1.0, 0.0) == (1.0 if order else math.inf)
    assert pair.loss(0.0, 0.0) == 0.0
