from collections.abc import Callable
from typing import Any

from qlora_gov.records import Absent, DetectorErrors, Measurement, Scan
from qlora_gov.reports.card.context.findings import Reading
from qlora_gov.reports.card.findings import claim_lines, detector_lines, measurement_lines, subject_part
from qlora_gov.reports.card.records import CardRecords, SubjectRecords


def changed(records: CardRecords, **candidate: Any) -> CardRecords:
    """The same evidence with another candidate's evaluation; nothing checks that it still belongs together."""
    evaluation = records.candidate.evaluation.model_copy(update=candidate)
    object.__setattr__(records, "candidate", SubjectRecords(evaluation, records.candidate.responses))
    return records


def test_a_guardrail_shows_its_rate_and_is_no_metric(records: Callable[..., CardRecords]) -> None:
    given = records()
    (line,) = detector_lines(given)
    assert (line.name, line.detector.name, line.covers[0]) == ("pii_rate", "guardrails/pii", "e-mail address")
    assert (line.rate.champion.value, line.rate.candidate.value) == (0.00592, 0.0)
    assert isinstance(line.errors, DetectorErrors)
    assert (line.errors.sensitivity, line.errors.specificity) == (0.93, 0.96)
    assert line.corrected_champion == line.corrected_candidate == given.candidate.evaluation.scans[0].corrected
    assert [line.name for line in measurement_lines(given)] == ["rouge_l", "perplexity"]


def test_what_was_measured_of_a_guardrail_is_told(records: Callable[..., CardRecords]) -> None:
    (line,) = detector_lines(records())
    assert line.measured == ("of public texts, it finds 0 of 431 PERSON (0%)",)


def test_a_side_that_was_not_scanned_says_so(records: Callable[..., CardRecords]) -> None:
    (line,) = detector_lines(changed(records(), scans=()))
    assert line.corrected_candidate == Absent(absent="this side was not scanned")
    assert not isinstance(line.corrected_champion, Absent)


def test_a_guardrail_that_failed_on_one_side_gives_its_reason(records: Callable[..., CardRecords]) -> None:
    given = records()
    failed = Absent(absent="the guardrail raised ValueError: no model")
    measurements = tuple(
        item.model_copy(update={"value": failed}) if item.name == "pii_rate" else item
        for item in given.candidate.evaluation.measurements
    )
    (line,) = detector_lines(changed(given, measurements=measurements, scans=()))
    assert line.rate.candidate.value == line.corrected_candidate == failed


def test_one_detector_under_two_names_is_two_lines(records: Callable[..., CardRecords]) -> None:
    given = records()
    scan: Scan = given.candidate.evaluation.scans[0]
    rate: Measurement = given.candidate.evaluation.measurements[-1]
    given = changed(
        given,
        scans=(scan, scan.model_copy(update={"name": "leaks"})),
        measurements=(rate, rate.model_copy(update={"name": "leaks", "value": 0.5})),
    )
    assert [(line.name, line.rate.candidate.value) for line in detector_lines(given)] == [
        ("pii_rate", 0.0),
        ("leaks", 0.5),
    ]


def test_a_newer_version_of_a_metric_stands_on_the_same_line(records: Callable[..., CardRecords]) -> None:
    given = records()
    newer = tuple(
        item.model_copy(update={"metric": item.metric.model_copy(update={"version": "0.2.0"})})
        for item in given.candidate.evaluation.measurements
    )
    assert [line.name for line in measurement_lines(changed(given, measurements=newer))] == ["rouge_l", "perplexity"]


def test_a_side_without_a_measurement_is_absent(records: Callable[..., CardRecords], bare: dict[str, Any]) -> None:
    sides = {line.name: line for line in measurement_lines(records(**bare))}
    assert sides["perplexity"].candidate.value == Absent(absent="the metric raised ValueError: no tokens")
    assert sides["rouge_l"].champion.value == 0.2396
    assert isinstance(sides["rouge_l"].candidate.value, Absent)
    assert sides["rouge_l"].reference == Absent(absent="the policy pins no reference")


def test_a_pinned_reference_is_read_too(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    rouge = measurement_lines(records(**everything))[0]
    assert rouge.reference == Reading(value=0.2423, scored=169, rows=169)


def test_imported_answers_are_a_claim(records: Callable[..., CardRecords], imported: dict[str, Any]) -> None:
    given = records(**imported)
    assert [(line.side, line.claim.tool) for line in claim_lines(given)] == [
        ("candidate", "lm-eval"),
        ("champion", "lm-eval"),
    ]
    part = subject_part(given.candidate.responses)
    reason = "answered elsewhere: claimed by whoever imported the log of lm-eval 0.4.9"
    assert (part.base, part.quantization, part.generation) == 3 * (Absent(absent=reason),)
    assert claim_lines(records()) == ()
