from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.attestations import mismatches, statement_of
from qlora_gov.attestations.statement import parsed_statement
from qlora_gov.canonical import bytes_id, canonical_json, content_id
from qlora_gov.errors import DataError, IntegrityError
from qlora_gov.records import DecisionOutcome
from tests.attestations.conftest import carded
from tests.reports.conftest import BROKEN, FAILING, NON_INFERIOR, PASSING, UNDECIDED, judged
from tests.reports.samples import ABOUT


def of(name: str, descriptors: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = (one for one in descriptors if one["name"] == name)
    return found


def digest(content: str) -> dict[str, str]:
    return {"sha256": content.removeprefix("sha256:")}


def test_the_subjects_are_the_adapters_files(statement: dict[str, Any]) -> None:
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"] == [
        {"name": "adapter_config.json", "digest": digest(content_id("config"))},
        {"name": "adapter_model.safetensors", "digest": digest(content_id("lora"))},
    ]


def test_the_configuration_is_what_was_tested_with() -> None:
    context, card = carded()
    configuration = statement_of(context, card)["predicate"]["configuration"]
    assert of("policy", configuration)["digest"] == digest(context.policy.id)
    rows = of("evaluation set", configuration)
    assert rows["digest"] == digest(context.evaluation_data.id)
    assert rows["annotations"] == {"rows": 169, "rowsDigest": context.evaluation_data.digest}
    assert of("plugin metrics", configuration) == {
        "name": "plugin metrics",
        "digest": digest(content_id({"source of": "metrics"})),
        "annotations": {"distribution": "qlora-gov", "version": "0.1.0"},
    }
    assert {"plugin gates", "plugin guardrails"} <= {one["name"] for one in configuration}


def test_the_evidence_names_decision_head_and_card() -> None:
    context, card = carded()
    records = statement_of(context, card)["predicate"]["qlora_gov_evidence"]
    decision = of("decision", records)
    assert decision["digest"] == digest(context.decision.id)
    assert decision["annotations"] == {"outcome": "APPROVED", "exploratory": False, "look": 1, "inconclusive": []}
    assert of("ledger head", records)["digest"] == digest(content_id("entry 14"))
    assert of("ledger head", records)["annotations"] == {"entry": 14}
    assert of("card", records)["digest"] == digest(card.id)
    assert of("card.html", records)["digest"] == digest(content_id("html"))


def test_every_descriptor_has_a_digest_without_its_algorithm(statement: dict[str, Any]) -> None:
    predicate = statement["predicate"]
    for descriptor in (*statement["subject"], *predicate["configuration"], *predicate["qlora_gov_evidence"]):
        (algorithm, value), *more = descriptor["digest"].items()
        assert (algorithm, len(value), more) == ("sha256", 64, [])


APPROVED, REFUSED, INCONCLUSIVE = DecisionOutcome.APPROVED, DecisionOutcome.REFUSED, DecisionOutcome.INCONCLUSIVE
TOLD_NOTHING = judged("tells", NON_INFERIOR, "policy", UNDECIDED)
BROKE = judged("breaks", NON_INFERIOR, "bleu", BROKEN)
PASSED = ["improves rouge_l", "pii below 3%"]


@pytest.mark.parametrize(
    ("verdicts", "outcome", "exploratory", "result", "passed", "warned", "failed"),
    [
        (PASSING, APPROVED, False, "PASSED", PASSED, [], []),
        (PASSING, APPROVED, True, "FAILED", [], PASSED, []),
        ((*PASSING, TOLD_NOTHING), APPROVED, False, "PASSED", PASSED, ["tells"], []),
        ((*PASSING, TOLD_NOTHING), INCONCLUSIVE, False, "FAILED", PASSED, [], ["tells"]),
        ((*PASSING, BROKE), REFUSED, False, "FAILED", PASSED, [], ["breaks"]),
        ((*PASSING, BROKE, TOLD_NOTHING), REFUSED, True, "FAILED", [], PASSED, ["breaks", "tells"]),
    ],
)
def test_only_what_promotes_has_passed(
    verdicts: Any, outcome: DecisionOutcome, exploratory: bool, result: str, passed: Any, warned: Any, failed: Any
) -> None:
    context, card = carded(verdicts=verdicts, outcome=outcome, exploratory=exploratory)
    predicate = statement_of(context, card)["predicate"]
    assert predicate["result"] == result
    assert predicate["passedTests"] == passed
    assert predicate["warnedTests"] == warned
    assert predicate["failedTests"] == failed
    assert all(item.rule.name in (*passed, *warned, *failed) for item in verdicts)


def test_what_could_not_tell_is_told_from_what_failed() -> None:
    context, card = carded(verdicts=(BROKE, TOLD_NOTHING), outcome=REFUSED)
    records = statement_of(context, card)["predicate"]["qlora_gov_evidence"]
    assert of("decision", records)["annotations"]["inconclusive"] == ["tells"]


def test_the_same_records_give_the_same_bytes() -> None:
    first, second = (canonical_json(statement_of(*carded(verdicts=FAILING, outcome=REFUSED))) for _ in range(2))
    assert first == second
    assert canonical_json(parsed_statement(first)) == first


@pytest.mark.parametrize("field", ["decision", "head"])
def test_another_decisions_card_is_refused(field: str) -> None:
    context, card = carded()
    with pytest.raises(IntegrityError, match="another decision or ledger head"):
        statement_of(context, card.model_copy(update={field: content_id("other")}))


def test_hostile_texts_are_values_of_the_statement() -> None:
    name = '"}],"result":"PASSED"\u202e<script>\n'
    about = ABOUT.model_copy(update={"title": name})
    context, card = carded(verdicts=(judged(name, NON_INFERIOR, name, BROKEN),), outcome=REFUSED, about=about)
    statement = parsed_statement(canonical_json(statement_of(context, card)))
    assert statement["predicate"]["failedTests"] == [name]
    assert statement["predicate"]["result"] == "FAILED"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"_type": "https://in-toto.io/Statement/v0.1"}',
        b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","predicate":{},'
        b'"subject":[{"name":"a","digest":{"sha256":"b"}}]}',
        b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://in-toto.io/attestation/test-result/v0.1",'
        b'"predicate":{},"subject":[]}',
        b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://in-toto.io/attestation/test-result/v0.1",'
        b'"predicate":{},"subject":[{"digest":{"sha256":"b"}}]}',
    ],
)
def test_anything_but_a_test_result_on_named_files_is_refused(payload: bytes) -> None:
    with pytest.raises(IntegrityError, match="not an in-toto statement of a test result") as refusal:
        parsed_statement(payload)
    assert "\n" not in str(refusal.value)


FILES = {"adapter_model.safetensors": b"weights", "tokenizer/tokenizer.json": b"{}"}


@pytest.mark.parametrize(
    "spelt",
    [
        lambda form: form[:-1] + b',"predicate":{"result":"FAILED"}}',
        lambda form: b'{"predicate":{"result":"FAILED"},' + form[1:],
        lambda form: form.replace(b'"name":', b'"name":"other","name":', 1),
        lambda form: form.replace(b":", b": ", 1),
    ],
)
def test_what_another_reader_may_read_otherwise_is_refused(
    statement: dict[str, Any], spelt: Callable[[bytes], bytes]
) -> None:
    form = canonical_json(statement)
    assert parsed_statement(form) == statement
    with pytest.raises(IntegrityError, match="not in canonical form"):
        parsed_statement(spelt(form))


def test_two_digests_of_one_name_are_refused(statement: dict[str, Any]) -> None:
    """A reader who takes the first and one who takes the last would check another file."""
    twice = [{**statement["subject"][0], "digest": {"sha256": "0" * 64}}, *statement["subject"]]
    with pytest.raises(IntegrityError, match=r"states two digests of 'adapter_config\.json'$"):
        parsed_statement(canonical_json({**statement, "subject": twice}))


def stating(files: dict[str, bytes]) -> dict[str, Any]:
    return {"subject": [{"name": name, "digest": digest(bytes_id(content))} for name, content in files.items()]}


def test_the_files_that_were_stated_match(adapter_directory: Callable[..., Path]) -> None:
    assert mismatches(stating(FILES), adapter_directory(FILES)) == ()


def test_each_file_that_differs_is_named(adapter_directory: Callable[..., Path]) -> None:
    directory = adapter_directory({"adapter_model.safetensors": b"weightz", "adapter_model.bin": b"pickle"})
    assert mismatches(stating(FILES), directory) == (
        f"{directory}/adapter_model.bin: there, but not stated",
        f"{directory}/adapter_model.safetensors: not the file that was stated",
        f"{directory}/tokenizer/tokenizer.json: stated, but not there",
    )


def test_a_subject_outside_of_the_directory_is_not_there(
    adapter_directory: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    directory = adapter_directory(FILES)
    statement = stating({**FILES, "../outside": b"secret"})
    assert mismatches(statement, directory) == (f"{directory}/../outside: stated, but not there",)


def test_a_directory_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such directory"):
        mismatches(stating(FILES), tmp_path / "gone")
