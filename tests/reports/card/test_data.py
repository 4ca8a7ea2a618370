from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.records import Absent, DatasetVersion, DetectorFigure
from qlora_gov.reports.card.context.lineage import ContaminationPart, TargetPart
from qlora_gov.reports.card.data import contamination_part, corrected_lines, data_part, licence_lines, target_part
from qlora_gov.reports.card.records import CardRecords
from tests.reports.samples import SAMPLED, TRAINING


def training_with(records: Callable[..., CardRecords], **changes: Any) -> CardRecords:
    training = records().training
    assert training is not None
    return records(training=training.model_copy(update=changes))


def test_the_commonest_value_comes_first(records: Callable[..., CardRecords]) -> None:
    training = records().training
    assert isinstance(training, DatasetVersion)
    mix = {line.name: line.shares for line in data_part(training).mix}
    assert list(mix) == ["intent", "language", "provenance"]
    assert [(share.value, share.rows) for share in mix["language"]] == [("en", 394), ("de", 15)]
    assert mix["provenance"][0].share == 162 / 409


def test_a_detector_that_drops_what_should_stay_is_named_with_its_figures(records: Callable[..., CardRecords]) -> None:
    training = records().training
    assert isinstance(training, DatasetVersion)
    part = data_part(training)
    [caution] = part.cautions
    assert caution.startswith(
        "guardrails/toxicity_lexical drops 366 of 1,165 other texts (31%) and 629 of 2,563 hateful"
    )
    [measured] = part.measured
    assert measured.step.name == "guardrails/toxicity_lexical"
    assert "629 of 2,563 hateful texts (25%); it flags 366 of 1,165 other texts (31%)" in measured.lines[0]
    redacting = training.steps[-2].model_copy(update={"action": "redact"})
    kept = training.model_copy(update={"steps": (redacting,)})
    assert (data_part(kept).cautions, len(data_part(kept).measured)) == ((), 1)


def test_provenance_stands_against_the_target(records: Callable[..., CardRecords]) -> None:
    mix = {"provenance": {"not stated": 100, "human": 60, "scraped": 40}}
    part = target_part(training_with(records, mix=mix))
    assert isinstance(part, TargetPart)
    assert (part.stated, part.rows) == (100, 409)
    assert [(line.value, line.rows, line.share, line.target) for line in part.lines] == [
        ("human", 60, 0.6, 0.3),
        ("synthetic", 0, 0.0, 0.4),
        ("historical", 0, 0.0, 0.3),
        ("scraped", 40, 0.4, 0.0),
    ]


def test_rows_that_were_sampled_stand_against_their_mix(records: Callable[..., CardRecords]) -> None:
    mixing = SAMPLED.mixing
    assert mixing is not None
    other = mixing.model_copy(update={"target": {"human": 0.5, "synthetic": 0.5}})
    part = target_part(records(training=SAMPLED.model_copy(update={"mixing": other})))
    assert isinstance(part, TargetPart)
    assert part.mixing == other
    assert [(line.value, line.rows, line.target, line.had) for line in part.lines] == [
        ("human", 114, 0.5, 114),
        ("synthetic", 162, 0.5, 209),
        ("historical", 133, 0.0, 191),
    ]


def test_what_a_detector_should_have_flagged_follows_from_its_errors() -> None:
    figures = (
        DetectorFigure(what="bad", wanted=True, flagged=80, of=100, texts="A"),
        DetectorFigure(what="good", wanted=False, flagged=10, of=100, texts="A"),
        DetectorFigure(what="bad", wanted=True, flagged=50, of=100, texts="B"),
        DetectorFigure(what="good", wanted=False, flagged=50, of=100, texts="B"),
        DetectorFigure(what="PERSON", wanted=True, flagged=1, of=2, texts="C"),
    )
    step = TRAINING.steps[-2].model_copy(
        update={"measured": figures, "rows_in": 1_000, "dropped": {"bad": 100}, "changed": 80}
    )
    one, other = corrected_lines(step)
    assert one.startswith("it flagged 180 of 1,000 rows; by its errors on A, 11.4% of them should be flagged (95% ")
    assert (
        other
        == "it flagged 180 of 1,000 rows, which cannot be corrected by its errors: the detector told nothing apart on B"
    )


@pytest.mark.parametrize("mix", [{}, {"provenance": {"not stated": 409}}])
def test_rows_that_state_no_provenance_meet_no_target(records: Callable[..., CardRecords], mix: dict[str, Any]) -> None:
    assert target_part(training_with(records, mix=mix)) == Absent(absent="no training row states its provenance")


def test_leaks_are_counted_by_reason(records: Callable[..., CardRecords]) -> None:
    given = records()
    part = contamination_part(given)
    assert isinstance(part, ContaminationPart)
    assert part.held_out == given.evaluation.digest
    (line,) = part.steps
    assert line.step.name == "data/held_out_leak"
    assert [(share.value, share.rows) for share in line.dropped] == [("near-duplicate of a held-out row", 1)]


def test_a_step_that_found_no_leak_is_still_named(records: Callable[..., CardRecords]) -> None:
    training = records().training
    assert training is not None
    steps = tuple(step.model_copy(update={"dropped": {}}) for step in training.steps)
    part = contamination_part(training_with(records, steps=steps))
    assert isinstance(part, ContaminationPart)
    assert [(line.step.name, line.dropped) for line in part.steps] == [("data/held_out_leak", ())]


def test_what_a_step_declares_counts_and_not_its_name(records: Callable[..., CardRecords]) -> None:
    training = records().training
    assert training is not None
    declared = {"data/held_out_leak": False, "data/near_duplicates": True}
    steps = tuple(
        step.model_copy(update={"decontaminates": declared.get(step.component.name, False)}) for step in training.steps
    )
    part = contamination_part(training_with(records, steps=steps))
    assert isinstance(part, ContaminationPart)
    assert [line.step.name for line in part.steps] == ["data/near_duplicates"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"held_out": None}, "kept clear of no evaluation set"),
        ({"held_out": "sha256:" + 64 * "0"}, "000000000000, which is not the one used here"),
        ({"steps": ()}, "no curation step says that it compared"),
    ],
)
def test_a_training_set_that_was_not_kept_clear_of_these_very_rows(
    records: Callable[..., CardRecords], changes: dict[str, Any], reason: str
) -> None:
    part = contamination_part(training_with(records, **changes))
    assert isinstance(part, Absent)
    assert reason in part.absent


def test_every_source_has_a_licence_or_none(records: Callable[..., CardRecords]) -> None:
    assert [(line.what, line.licence) for line in licence_lines(records())] == [
        ("adapter", "Apache-2.0"),
        ("base model", "apache-2.0"),
        ("training rows of data/jsonl (path data/train.jsonl)", "Apache-2.0"),
        ("training rows of data/parquet (path data/logs.parquet)", Absent(absent="no licence is stated")),
        ("evaluation rows of data/jsonl (path data/evaluation.jsonl (1f1f1f1f1f1f))", "Apache-2.0"),
    ]


def test_of_an_adapter_from_elsewhere_no_rows_are_known(
    records: Callable[..., CardRecords], imported: dict[str, Any]
) -> None:
    given = records(**imported)
    reason = "trained elsewhere; only its files are known: claimed by whoever imported the log of lm-eval 0.4.9"
    assert target_part(given) == contamination_part(given) == Absent(absent=reason)
    licences = {line.what: line.licence for line in licence_lines(given)}
    assert licences["base model"] == licences["training rows"] == Absent(absent=reason)
