from __future__ import annotations

import errno
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qlora_gov.canonical import columns_id
from qlora_gov.errors import GovError, ModelError, PluginError
from qlora_gov.plugin.measures import RATE_COMPONENTS, Measure
from qlora_gov.plugin.specs import EvaluatedRow, Finding, Floats, MetricTraits, Unread, ratio
from qlora_gov.records import (
    Absent,
    Claim,
    CorrectedRate,
    DetectorErrors,
    Evaluation,
    GenerationSettings,
    Measurement,
    Responses,
)
from qlora_gov.records.answer import LogLikelihood
from qlora_gov.records.example import Example
from qlora_gov.records.table import Table, recorded_table, scores_id, scores_of
from qlora_gov.stages.evaluate import Detector, evaluated_rows, prompt_text, score_responses
from tests.stages.toys import BASE, DATASET, HERE, Quiet, component, examples

N = 5
ROWS = [EvaluatedRow(row, response) for row, response in zip(examples(N), ("a", "bb", "", "c 1", "2 2"), strict=True)]
RESPONSES = Responses(
    base=BASE.id,
    adapter=None,
    dataset=DATASET.id,
    quantization="none",
    generation=GenerationSettings(),
    rows=N,
    digest="sha256:3",
    likelihoods=None,
    environment=HERE,
)


class Scored:
    """A metric whose scores and aggregate are given."""

    def __init__(
        self, score: Callable[[Sequence[EvaluatedRow]], Any], aggregate: Callable[[Floats], Any] = ratio
    ) -> None:
        self.score = score
        self.aggregate = aggregate


def measure(metric: Scored, name: str = "metric") -> Measure:
    traits = MetricTraits(name, True, "absolute", False, metric.aggregate)
    return Measure(component(name), ("sum", "rows"), traits, frozenset({"response"}), metric)


class Digits:
    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        return [[Finding("DIGIT", 0.9, at, at + 1) for at, c in enumerate(text) if c.isdigit()] for text in texts]


def detector(guardrail: Any, name: str = "digits") -> Detector:
    traits = MetricTraits(f"{name}_rate", False, "absolute", True, ratio)
    rate = Measure(component(name).rate, RATE_COMPONENTS, traits, frozenset({"response"}), None)
    return Detector(guardrail, component(name), rate, ("DIGIT", "A"), ("words",), frozenset({"DIGIT", "A"}))


def run(measures: Sequence[Measure] = (), detectors: Sequence[Detector] = ()) -> tuple[Evaluation, dict[str, Table]]:
    progress = Quiet()
    made = score_responses(RESPONSES, ROWS, measures, detectors, progress)
    assert progress.done == progress.total == len(measures) + len(detectors)
    assert made[0].responses == RESPONSES.id
    assert made[0].findings == columns_id(made[1]["findings"])
    return made


def lengths(rows: Sequence[EvaluatedRow]) -> tuple[Floats, Any]:
    values = np.array([[len(row.response or ""), 1.0] for row in rows])
    return values, np.ones(len(rows), dtype=bool)


def only(made: tuple[Evaluation, dict[str, Table]]) -> Measurement:
    (measurement,) = made[0].measurements
    return measurement


def test_a_value_is_the_aggregate_of_the_sums_of_scored_rows() -> None:
    def some(rows: Sequence[EvaluatedRow]) -> tuple[Floats, Any]:
        stats, scored = lengths(rows)
        scored[2] = False
        stats[2] = np.nan  # a row that is not scored may hold anything
        return stats, scored

    record, tables = run([measure(Scored(lengths), "all"), measure(Scored(some), "some")])
    everything, some_of_it = record.measurements
    assert (everything.value, everything.scored, everything.rows) == (9 / 5, 5, 5)
    assert (some_of_it.value, some_of_it.scored, some_of_it.rows) == (9 / 4, 4, 5)
    for index, measurement in enumerate(record.measurements):
        stats, scored = scores_of(tables["scores"], index, N, 2)
        assert measurement.digest == scores_id(stats, scored)
        assert measurement.value == ratio(stats[scored].sum(axis=0))


@pytest.mark.parametrize(
    ("range_", "aggregate", "fault"),
    [
        ((0, 1), ratio, "the metric scores row 1, file:2, as 2, outside of the range that it declares, 0 to 1"),
        ((0.5, math.inf), ratio, "the metric scores row 2, file:3, as 0, outside of the range"),
        ((0, 1), lambda sums: sums[..., 0], "the metric's value over all rows is 9, outside of the range"),
        ((0, 3), ratio, None),
        ((0, 9), lambda sums: sums[..., 0] * (1 + 1e-12), None),
    ],
)
def test_a_value_outside_of_the_declared_range_is_none(range_: Any, aggregate: Any, fault: str | None) -> None:
    measured = only(run([replace(measure(Scored(lengths, aggregate)), range=range_)]))
    assert (measured.digest is None) == (fault is not None)
    if fault is not None:
        assert isinstance(measured.value, Absent)
        assert measured.value.absent.startswith(fault)


GOOD = np.ones((N, 2))
YES = np.ones(N, dtype=bool)


def raises(error: BaseException) -> Callable[[Any], Any]:
    def function(argument: Any) -> Any:
        raise error

    return function


def returns(*value: Any) -> Callable[[Any], Any]:
    return lambda rows: value


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (Scored(raises(KeyError("x"))), "the metric raised KeyError: 'x'"),
        (Scored(raises(SystemExit(0))), "the metric raised SystemExit: 0"),
        (Scored(raises(GeneratorExit())), "the metric raised GeneratorExit"),
        (Scored(raises(ValueError("a\ud800\x1b[2J\nb"))), "the metric raised ValueError: a{U+D800}{U+001B}[2J b"),
        (Scored(lambda rows: None), "the metric raised TypeError: "),
        (Scored(returns(GOOD)), "the metric raised IndexError: "),
        (Scored(returns([[1.0, 1.0], [1.0]], YES)), "the metric raised ValueError: "),
        (Scored(returns(GOOD[:, :1], YES)), "the metric returned statistics of shape (5, 1) and type float64, not"),
        (Scored(returns(GOOD[:4], YES)), "the metric returned statistics of shape (4, 2) and type float64, not"),
        (
            Scored(returns(GOOD.astype(object), YES)),
            "the metric returned statistics of shape (5, 2) and type object, not",
        ),
        (Scored(returns(GOOD.astype(str), YES)), "the metric returned statistics of shape (5, 2) and type <U32, not"),
        (
            Scored(returns(GOOD.astype(complex), YES)),
            "the metric returned statistics of shape (5, 2) and type complex128",
        ),
        (Scored(returns(GOOD, YES[:4])), "the metric did not return a boolean for each of 5 rows"),
        (Scored(returns(GOOD, YES.astype(int))), "the metric did not return a boolean for each of 5 rows"),
        (Scored(returns(GOOD, None)), "the metric did not return a boolean for each of 5 rows"),
        (
            Scored(returns(np.where(np.arange(N)[:, None] == 3, np.nan, GOOD), YES)),
            "the metric returned a statistic that is not finite, first for row 3",
        ),
        (
            Scored(returns(np.where(np.arange(N)[:, None] == 0, np.inf, GOOD), YES)),
            "the metric returned a statistic that is not finite, first for row 0",
        ),
    ],
)
def test_a_metric_that_fails_is_absent_with_its_reason_and_has_no_rows(metric: Scored, reason: str) -> None:
    record, tables = run([measure(metric, "broken"), measure(Scored(lengths), "sound")])
    broken, sound = record.measurements
    assert isinstance(broken.value, Absent)
    assert broken.value.absent.startswith(reason)
    assert (broken.digest, broken.scored, broken.rows) == (None, 0, N)
    assert sound.value == 9 / 5
    assert set(np.asarray(tables["scores"]["metric"])) == {1}


@pytest.mark.parametrize(
    ("metric", "reason", "scored"),
    [
        (Scored(returns(GOOD, ~YES), lambda sums: np.float64(0.0)), "no row could be scored", 0),
        (Scored(returns(0 * GOOD, YES)), "undefined over these rows: the metric's aggregate is nan", N),
        (
            Scored(returns(GOOD, YES), lambda sums: np.inf),
            "undefined over these rows: the metric's aggregate is inf",
            N,
        ),
        (
            Scored(returns(GOOD, YES), lambda sums: sums),
            "undefined over these rows: the metric's aggregate is [5. 5.]",
            N,
        ),
        (Scored(returns(GOOD, YES), lambda sums: "high"), "the metric's aggregate raised ValueError: ", N),
        (Scored(returns(GOOD, YES), lambda sums: None), "undefined over these rows: the metric's aggregate is nan", N),
        (Scored(returns(GOOD, YES), raises(ZeroDivisionError())), "the metric's aggregate raised ZeroDivisionError", N),
        (Scored(returns(GOOD, YES), raises(SystemExit(1))), "the metric's aggregate raised SystemExit: 1", N),
        (
            Scored(returns(GOOD, YES), lambda sums: float(sums[0]) / float(sums[1])),
            "the metric's aggregate is not vectorised: of sums of shape (3, 2) it raised TypeError: ",
            N,
        ),
        (
            Scored(returns(GOOD, YES), lambda sums: np.divide(sums[..., 0], sums[..., 1], out=sums[..., 0]) + 0.0),
            "the metric's aggregate changes the sums that it is given",
            N,
        ),
        (
            Scored(returns(GOOD, YES), lambda sums: sums[0] / sums[1]),
            "the metric's aggregate is not vectorised: of sums of shape (3, 2) it made values of shape (2,); write it",
            N,
        ),
        (
            Scored(returns(GOOD, YES), lambda sums: sums[..., 0] / np.asarray(sums[..., 1]).sum()),
            "the metric's aggregate is not vectorised: the sums of all rows give 1 alone and 0.5 beside others; write",
            N,
        ),
    ],
)
def test_an_aggregate_that_gives_no_number_is_absent_and_its_rows_stay(
    metric: Scored, reason: str, scored: int
) -> None:
    measurement = only(run([measure(metric)]))
    assert isinstance(measurement.value, Absent)
    assert measurement.value.absent.startswith(reason)
    assert measurement.scored == scored
    assert measurement.digest is not None


@pytest.mark.parametrize(
    ("stats", "scored"),
    [(GOOD.astype(np.int32), YES), (GOOD.astype(np.float32), YES), (GOOD.tolist(), YES.tolist()), (GOOD > 0, YES)],
)
def test_numbers_of_any_kind_are_taken_as_floats(stats: Any, scored: Any) -> None:
    record, tables = run([measure(Scored(returns(stats, scored)))])
    assert record.measurements[0].value == 1.0
    assert np.asarray(tables["scores"]["value"]).dtype == np.float64


def test_an_error_that_the_user_can_mend_is_not_recorded_as_a_result() -> None:
    for failing in ([measure(Scored(raises(ModelError("no weights"))))], []):
        with pytest.raises(GovError, match="no weights"):
            run(failing, [] if failing else [detector(Says(raises(ModelError("no weights"))))])


def test_the_row_is_named_with_which_alone_a_metric_fails() -> None:
    def halves(rows: Sequence[EvaluatedRow]) -> Any:
        return np.array([[1 / len(row.response or ""), 1.0] for row in rows]), np.ones(len(rows), dtype=bool)

    value = only(run([measure(Scored(halves))])).value
    assert isinstance(value, Absent)
    assert value.absent.startswith("the metric raised ZeroDivisionError: division by zero (test_evaluate.py, line ")
    assert value.absent.endswith("), for file:3")


def test_no_row_is_blamed_for_what_takes_several() -> None:
    def together(rows: Sequence[EvaluatedRow]) -> Any:
        return 1 / 0 if len(rows) == N else lengths(rows)

    value = only(run([measure(Scored(together))])).value
    assert isinstance(value, Absent)
    assert "file:" not in value.absent


def test_an_error_of_a_megabyte_is_a_line() -> None:
    value = only(run([measure(Scored(raises(ValueError("x" * 2**20))))])).value
    assert isinstance(value, Absent)
    assert len(value.absent) < 3000


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_whose_text_fails_is_told() -> None:
    value = only(run([measure(Scored(raises(UnspeakableError())))])).value
    assert isinstance(value, Absent)
    assert value.absent.startswith("the metric raised UnspeakableError: its text cannot be told")


def test_a_lack_of_memory_is_no_result() -> None:
    with pytest.raises(PluginError, match=r"^toys/metric ran out of memory"):
        run([measure(Scored(raises(MemoryError())))])


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(errno.ENOSPC, "disk full")])
def test_what_stops_the_program_is_no_result(stop: BaseException) -> None:
    with pytest.raises(type(stop)):
        run([measure(Scored(raises(stop)))])


class ApprovedError(GovError):
    """Of a plugin's own, with an exit code that is not its to give."""

    exit_code = 0


@pytest.mark.parametrize("error", [ApprovedError("all good"), GovError("all good")])
def test_an_exit_code_of_a_plugin_s_own_is_none_of_ours(error: GovError) -> None:
    error.exit_code = 0
    with pytest.raises(PluginError, match=r"^toys/metric: all good$") as caught:
        run([measure(Scored(raises(error)))])
    assert caught.value.exit_code == 5


def rewrites(row: EvaluatedRow) -> None:
    object.__setattr__(row, "response", row.example.reference)


def reaches(row: EvaluatedRow) -> None:
    row.example.__dict__["messages"][1].__dict__["content"] = row.response


def fills(row: EvaluatedRow) -> None:
    row.example.extra["seen"] = True  # type: ignore[index]


def deepens(row: EvaluatedRow) -> None:
    row.example.extra["tags"][0]["of"].append("one more")


def records(row: EvaluatedRow) -> None:
    row.recorded["accuracy"] = 1.0  # type: ignore[index]


def rates(row: EvaluatedRow) -> None:
    object.__setattr__(row.loglikelihood, "nll", 0.0)


def seals(row: EvaluatedRow) -> None:
    row.example.extra["self"] = row  # type: ignore[index]


@pytest.mark.parametrize("spoil", [rewrites, reaches, fills, deepens, records, rates, seals])
def test_a_metric_that_changes_a_row_measured_nothing_and_spoils_nothing(spoil: Callable[[Any], None]) -> None:
    """Whatever it reaches, and however: each component has rows of its own."""
    extras = [{"tags": [{"of": ["one"]}]} for _ in ROWS]
    given = [
        replace(row, example=row.example.model_copy(update={"extra": extra}), loglikelihood=LogLikelihood(1.0, 2, 3))
        for row, extra in zip(ROWS, extras, strict=True)
    ]
    seen: list[str] = []

    def spoils(rows: Sequence[EvaluatedRow]) -> Any:
        spoil(rows[1])
        return lengths(rows)

    def looks(rows: Sequence[EvaluatedRow]) -> Any:
        seen.append(repr(rows))
        return lengths(rows)

    measures = [measure(Scored(looks), "one"), measure(Scored(spoils), "spoils"), measure(Scored(looks), "two")]
    record, _ = score_responses(RESPONSES, given, measures, [detector(Digits())], Quiet())
    values = [m.value for m in record.measurements]
    assert values[0] == values[2] == 9 / 5
    why = "the metric changed a row that it was given, first file:2: it scored rows of its own"
    assert values[1] == Absent(absent=why)
    assert values[3] == 2 / 5
    assert seen[0] == seen[1]
    assert extras == [{"tags": [{"of": ["one"]}]}] * N


def test_what_a_metric_returned_it_cannot_change_later() -> None:
    kept = np.ones((N, 2))

    def keeps(rows: Sequence[EvaluatedRow]) -> Any:
        return kept, YES

    def edits(sums: Floats) -> Any:
        kept[:] = 0.0
        return ratio(sums)

    record, tables = run([measure(Scored(keeps, edits))])
    assert set(np.asarray(tables["scores"]["value"])) == {1.0}
    assert record.measurements[0].value == 1.0


# --- guardrails -------------------------------------------------------------------------------------------------


class Says:
    def __init__(self, detect: Callable[[Sequence[str]], Any]) -> None:
        self.detect = detect


def test_a_rate_counts_responses_and_findings_are_kept_of_every_field() -> None:
    record, tables = run([measure(Scored(lengths))], [detector(Digits())])
    rate = record.measurements[1]
    assert (rate.metric.name, rate.components, rate.value, rate.scored) == (
        "toys/digits_rate",
        RATE_COMPONENTS,
        2 / 5,
        N,
    )
    stats, scored = scores_of(tables["scores"], 1, N, 2)
    assert stats.tolist() == [[0, 1], [0, 1], [0, 1], [1, 1], [1, 1]]
    assert rate.digest == scores_id(stats, scored)
    (scan,) = record.scans
    assert (scan.detector, scan.fields, scan.covers, scan.misses) == (
        component("digits"),
        ("prompt", "reference", "response"),
        ("DIGIT", "A"),
        ("words",),
    )
    found = list(zip(*(list(tables["findings"][c]) for c in ("row", "field", "kind", "start", "end")), strict=True))
    references = [(row, "reference", "DIGIT", 7, 8) for row in range(N)]
    responses = [(3, "response", "DIGIT", 2, 3), (4, "response", "DIGIT", 0, 1), (4, "response", "DIGIT", 2, 3)]
    assert found == sorted(references + responses)


@pytest.mark.parametrize(
    ("detect", "reason"),
    [
        (raises(RuntimeError("no")), "the guardrail raised RuntimeError: no"),
        (lambda texts: [], "the guardrail returned 0 lists of findings for 5 texts"),
        (lambda texts: None, "the guardrail raised TypeError: "),
        (lambda texts: [[] for _ in texts[1:]], "the guardrail returned 4 lists of findings"),
        (
            lambda texts: [[Finding("A", 1.0, 0, 99)] for _ in texts],
            "the guardrail reported 'A' at 0 to 99, which is not within a text of 5 characters, in",
        ),
        (
            lambda texts: [[Finding("A", float("nan"), 0, 0)] for _ in texts],
            "the guardrail gave a finding of kind 'A' the score nan, not one from 0 to 1, in the prompt of file:1",
        ),
        (
            lambda texts: [[Finding("A", 7.0, 0, 0)] if "3" in text else [] for text in texts],
            "the guardrail gave a finding of kind 'A' the score 7, not one from 0 to 1, in the reference of file:4",
        ),
        (lambda texts: [[Finding("A", -0.1, 0, 0)] for _ in texts], "the guardrail gave a finding of kind 'A' the sco"),
        (
            lambda texts: [[Finding("MADE_UP", 1.0, 0, 0)] if text == "bb" else [] for text in texts],
            "the guardrail reported the kind 'MADE_UP', which it does not declare; declared: A, DIGIT, in the response "
            "of file:2",
        ),
        (lambda texts: [[Finding(["A"], 1.0, 0, 0)] for _ in texts], "the guardrail reported the kind ['A'], which"),
        (lambda texts: [[Finding("A", "1.0x", 0, 0)] for _ in texts], "the guardrail returned a finding whose score"),
        (lambda texts: [[Finding("A", 1.0, 0.0, 0)] for _ in texts], "the guardrail returned a finding whose score"),
        (lambda texts: [["A"] for _ in texts], "the guardrail returned a str, not a Finding, in the prompt of file:1"),
        (lambda texts: [[] for _ in range(len(texts) + 0 * len(texts.pop()) + 1)], "the guardrail changed the texts"),
        (
            lambda texts: [[] if text != "c 1" else 1 / 0 for text in texts],
            "the guardrail raised ZeroDivisionError: division by zero (test_evaluate.py, line",
        ),
        (raises(SystemExit(0)), "the guardrail raised SystemExit: 0"),
        (lambda texts: Digits().detect(texts) if texts[0] == "?????" else 1 / 0, "the guardrail raised ZeroDivision"),
    ],
)
def test_a_guardrail_that_fails_has_no_rate_no_scan_and_no_findings(detect: Any, reason: str) -> None:
    record, tables = run([], [detector(Says(detect), "broken"), detector(Digits())])
    broken, sound = record.measurements
    assert isinstance(broken.value, Absent)
    assert broken.value.absent.startswith(reason)
    assert (broken.digest, broken.scored) == (None, 0)
    assert sound.value == 2 / 5
    assert [scan.detector.name for scan in record.scans] == ["toys/digits"]
    assert set(np.asarray(tables["findings"]["detector"])) == {0}  # the index of its scan


# --- rows -------------------------------------------------------------------------------------------------------


def test_rows_carry_what_was_supplied() -> None:
    rows = examples(2)
    responses: Table = {"response": ["a", ""]}
    likelihoods: Table = {"nll": np.array([1.5, 2.0]), "tokens": np.array([3, 4]), "bytes": np.array([5, 6])}
    plain, rated = (evaluated_rows(rows, responses, known, None) for known in (None, likelihoods))
    assert plain == [EvaluatedRow(rows[0], "a", None), EvaluatedRow(rows[1], "", None)]
    assert [row.loglikelihood for row in rated] == [LogLikelihood(1.5, 3, 5), LogLikelihood(2.0, 4, 6)]
    with pytest.raises(ValueError, match="shorter"):
        evaluated_rows(rows, {"response": ["a"]}, None, None)
    logged = evaluated_rows(rows, responses, None, recorded_table([{"acc": 1.0}, {}]))
    assert [row.recorded for row in logged] == [{"acc": 1.0}, {}]


def labelled(found: int, spared: int) -> DetectorErrors:
    return DetectorErrors(found=found, present=10, spared=spared, absent=10, measured_on="ten texts of each kind")


def test_a_rate_is_corrected_by_the_errors_of_its_detector() -> None:
    record, _ = run(detectors=[replace(detector(Digits()), errors=labelled(found=8, spared=10))])
    (scan,), (measurement,) = record.scans, record.measurements
    assert scan.name == measurement.name == "digits_rate"
    assert measurement.value == 2 / 5  # the raw rate gates
    assert isinstance(scan.corrected, CorrectedRate)
    assert scan.corrected.value == pytest.approx(0.4 / 0.8)
    low, high = scan.corrected.interval.low, scan.corrected.interval.high
    assert low is not None
    assert high is not None
    assert 0 <= low < 0.5 < high <= 1


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        (None, "nobody has measured this detector's errors"),
        (labelled(found=10, spared=4), "below the detector's floor"),
        (labelled(found=5, spared=5), "told nothing apart on ten texts of each kind"),
    ],
)
def test_a_rate_that_cannot_be_corrected_says_why(errors: DetectorErrors | None, reason: str) -> None:
    record, _ = run(detectors=[replace(detector(Digits()), errors=errors)])
    assert isinstance(record.scans[0].corrected, Absent)
    assert reason in record.scans[0].corrected.absent


def test_a_prompt_is_scanned_as_one_text() -> None:
    assert prompt_text(examples(2)[0]) == "??"


# --- rows that a metric does not read ---


class Selective(Scored):
    """Reads no row of the file's second and third line."""

    def unread(self, example: Example) -> Unread | None:
        return Unread("pictures", "set pictures: yes") if example.source in self.lines else None

    lines: tuple[str, ...] = ("file:2", "file:3")


def left_out(metric: Scored, leave_out: bool = True) -> tuple[Measurement, dict[str, Table]]:
    record, tables = score_responses(RESPONSES, ROWS, [measure(metric)], [], Quiet(), leave_out=leave_out)
    return record.measurements[0], tables


def test_rows_that_a_metric_does_not_read_are_not_measured_with_their_count() -> None:
    found, tables = left_out(Selective(lengths))
    said = "2 of 5 rows hold text that metric does not read (first: file:2, pictures); set pictures: yes"
    assert (found.scored, found.rows, found.left_out) == (3, 5, said)
    assert found.value == (1 + 3 + 3) / 3
    _, scored = scores_of(tables["scores"], 0, N, 2)
    assert scored.tolist() == [True, False, False, True, True]


def test_where_no_row_is_read_the_value_says_why() -> None:
    metric = Selective(lengths)
    metric.lines = tuple(row.example.source for row in ROWS)
    found, _ = left_out(metric)
    assert found.value == Absent(absent=str(found.left_out))
    assert str(found.left_out).startswith("5 of 5 rows hold text that metric does not read")


def test_where_every_row_is_read_the_record_is_as_ever() -> None:
    metric = Selective(lengths)
    metric.lines = ()
    assert left_out(metric)[0] == left_out(Scored(lengths))[0]


def test_under_the_first_schema_every_row_is_measured() -> None:
    assert left_out(Selective(lengths), leave_out=False)[0] == left_out(Scored(lengths))[0]


def test_a_metric_that_cannot_say_what_it_reads_measures_nothing() -> None:
    metric = Selective(lengths)
    metric.unread = lambda example: 1 / 0  # type: ignore[method-assign, assignment, return-value]
    found, _ = left_out(metric)
    assert (found.digest, found.scored) == (None, 0)
    assert isinstance(found.value, Absent)
    assert found.value.absent.startswith("toys/metric: unread raised ZeroDivisionError: division by zero (")
    assert found.value.absent.endswith("), for file:1")


CLAIMED = RESPONSES.model_copy(
    update={
        "claim": Claim(tool="toy", version="1", model="m", began="2026-01-01T00:00:00+00:00", log="sha256:9", notes=(),
                       importer=component("toy"))
    }
)  # fmt: skip


def test_of_a_log_of_scores_alone_nothing_is_measured_that_reads_answers() -> None:
    silent = [replace(row, response="") for row in ROWS]
    measures = [measure(Scored(lengths)), replace(measure(Scored(lengths), "recorded"), needs=frozenset())]
    record, tables = score_responses(CLAIMED, silent, measures, [detector(Digits())], Quiet())
    length, recorded, rate = record.measurements
    assert length.value == rate.value == Absent(absent="no answer is on record: the log holds none")
    assert (recorded.value, rate.digest, record.scans, len(tables["findings"]["row"])) == (0.0, None, (), 0)


@pytest.mark.parametrize(("responses", "said"), [(RESPONSES, ""), (CLAIMED, "7")])
def test_that_a_subject_says_nothing_is_a_result(responses: Responses, said: str) -> None:
    rows = [replace(ROWS[0], response=said), *(replace(row, response="") for row in ROWS[1:])]
    record, _ = score_responses(responses, rows, [], [detector(Digits())], Quiet())
    assert [one.value for one in record.measurements] == [len(said) / N]
