"""Personal data: what is said to be covered is found, what is said to be missed is missed, and both are measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
import spacy
from pydantic import ValidationError

from qlora_gov import DataError, ModelError
from qlora_gov_guardrails import PII, PII_NER
from qlora_gov_guardrails.pii import LONGEST, Pii, PiiNer, PiiNerSettings, PiiSettings

# Invented or reserved for documentation; check digits are right where the kind has some.
PLANTED = {
    "CREDIT_CARD": "4111 1111 1111 1111",
    "CRYPTO": "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "DATE_TIME": "12/05/2024",
    "EMAIL_ADDRESS": "j.smith@example.com",
    "IBAN_CODE": "GB82 WEST 1234 5698 7654 32",
    "IP_ADDRESS": "192.0.2.44",
    "MAC_ADDRESS": "00:00:5E:00:53:AF",
    "MEDICAL_LICENSE": "BB1388568",
    "PHONE_NUMBER": "(415) 555-0132",
    "UK_NHS": "943 476 5919",
    "URL": "https://www.example.com/account",
    "US_ITIN": "911-70-1234",
    "US_SSN": "078-05-1121",
    "UUID": "123e4567-e89b-12d3-a456-426614174000",
}

# Types of the public texts, as presidio names them.
PUBLIC = {"DOMAIN_NAME": "URL", "GPE": "LOCATION", "STREET_ADDRESS": "LOCATION"}
FLOORS = {
    "EMAIL_ADDRESS": 0.99,
    "IBAN_CODE": 0.99,
    "US_SSN": 0.99,
    "IP_ADDRESS": 0.99,
    "DOMAIN_NAME": 0.99,
    "CREDIT_CARD": 0.7,
    "PHONE_NUMBER": 0.45,
    "DATE_TIME": 0.35,
}


SECOND = PiiSettings(recognisers=2)


@pytest.fixture(scope="module")
def pii():
    return Pii(PiiSettings())


@pytest.fixture(scope="module")
def second():
    return Pii(SECOND)


def test_the_planted_kinds_are_those_that_the_spec_covers():
    assert set(PLANTED) == set(PII.covers)


@pytest.mark.parametrize("kind", PLANTED)
def test_every_kind_that_is_covered_is_found_where_it_is(pii, kind):
    text = f"The record says {PLANTED[kind]} and no more."
    [findings] = pii.detect([text])
    found = [text[finding.start : finding.end] for finding in findings if finding.kind == kind]
    assert found == [PLANTED[kind]]
    assert all(0.4 <= finding.score <= 1 for finding in findings)


@pytest.mark.parametrize("kind", PLANTED)
def test_the_second_recognisers_find_every_kind_that_they_cover(second, kind):
    text = f"The record says {PLANTED[kind]} and no more."
    [findings] = second.detect([text])
    found = [(one.kind, text[one.start : one.end]) for one in findings]
    covered = kind in PII.coverage(SECOND).covers
    assert covered == (kind != "DATE_TIME")
    assert ((kind, PLANTED[kind]) in found) is covered


def test_by_the_second_recognisers_dates_count_where_that_is_set(second):
    text = f"Born on {PLANTED['DATE_TIME']}."
    assert second.detect([text]) == [[]]
    dated = PiiSettings(recognisers=2, dates=True)
    assert [one.kind for one in Pii(dated).detect([text])[0]] == ["DATE_TIME"]
    assert set(PII.coverage(dated).covers) == set(PII.covers)
    assert any("dates" in missed for missed in PII.coverage(SECOND).misses)


def test_by_the_second_recognisers_no_finding_lies_within_another(second):
    text = f"Mail {PLANTED['EMAIL_ADDRESS']}, see {PLANTED['URL']}?card=4111111111111111 or id {PLANTED['UUID']}"
    [found] = second.detect([text])
    assert [one.kind for one in found] == ["EMAIL_ADDRESS", "URL", "UUID"]


def test_the_first_recognisers_stay_what_they_were(pii):
    assert PII.coverage(PiiSettings()).covers == PII.covers
    assert [one.kind for one in pii.detect(["I paid.No reply"])[0]] == ["URL"]
    assert pii.detect(["2221000000000009"]) == [[]]


@pytest.mark.parametrize("text", ["Call John Smith.", "I live at 12 High Street, Leeds.", "Born on May the fifth."])
def test_what_is_said_to_be_missed_is_missed(pii, text):
    assert pii.detect([text]) == [[]]
    assert {"names of persons", "names of places", "street addresses and postcodes"} <= set(PII.misses)


def test_findings_come_in_the_order_of_their_place_and_in_each_texts_own(pii):
    mixed = f"Mail {PLANTED['EMAIL_ADDRESS']} or {PLANTED['URL']}, card {PLANTED['CREDIT_CARD']}."
    found = pii.detect(["", mixed, "nothing", mixed, "\u200b😀 " * 20])
    assert [bool(findings) for findings in found] == [False, True, False, True, False]
    assert found[1] == found[3]
    assert found[1] == sorted(found[1], key=lambda finding: (finding.start, finding.end, finding.kind))
    assert [mixed[finding.start : finding.end] for finding in found[1] if finding.score == 1] == [
        PLANTED["EMAIL_ADDRESS"],
        PLANTED["CREDIT_CARD"],
    ]
    assert pii.detect([]) == []


OFFLINE = """
import socket, sys
def refuse(*_, **__):
    print("a connection was tried", file=sys.stderr)
    raise OSError
socket.socket.connect = socket.getaddrinfo = refuse
from qlora_gov_guardrails.pii import Pii, PiiSettings
[found] = Pii(PiiSettings()).detect(["Mail j.smith@example.com."])
assert any(finding.kind == "EMAIL_ADDRESS" for finding in found)
"""


def test_loading_neither_warns_nor_looks_at_the_network(tmp_path):
    """In a process of its own: domains once read from the network or a cache would stay in memory."""
    environment = {**os.environ, "TLDEXTRACT_CACHE": str(tmp_path)}
    command = [sys.executable, "-W", "error", "-c", OFFLINE]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    assert done.stderr == ""


def test_no_threshold_is_allowed_at_which_a_covered_kind_is_lost():
    with pytest.raises(ValidationError, match=r"less than or equal to 0\.4"):
        PiiSettings(threshold=0.5)


def test_recall_on_public_texts(pii, public_data, capsys):
    texts = json.loads(public_data("presidio_research/synth_dataset_v2_first750.json").read_text(encoding="utf-8"))
    recall, spurious = recall_by_type(pii, texts)
    with capsys.disabled():
        print("\npii:", ", ".join(f"{kind} {share:.2f}" for kind, share in recall.items()))  # noqa: T201
    assert {kind: recall[kind] for kind, floor in FLOORS.items() if recall[kind] < floor} == {}
    assert recall["PERSON"] == recall["STREET_ADDRESS"] == recall["GPE"] == recall["ORGANIZATION"] == 0
    assert spurious == 0


def test_the_second_recognisers_find_no_less_but_dates(pii, second, public_data):
    texts = json.loads(public_data("presidio_research/synth_dataset_v2_first750.json").read_text(encoding="utf-8"))
    (before, _), (after, spurious) = recall_by_type(pii, texts), recall_by_type(second, texts)
    assert {kind for kind in before if after[kind] < before[kind]} == {"DATE_TIME"}
    assert after["CREDIT_CARD"] >= 0.95
    assert spurious == 0


def test_the_second_recognisers_alarm_on_hardly_any_bank_query(second, bank_queries):
    assert sum(map(bool, second.detect(bank_queries))) <= len(bank_queries) / 5000


def test_false_alarms_on_bank_queries(pii, bank_queries):
    assert sum(map(bool, pii.detect(bank_queries))) <= 3


def recall_by_type(guardrail, texts) -> tuple[dict[str, float], int]:
    """The share of spans that a finding of the right kind covers to at least half, and findings that meet no span."""
    hits, spans, spurious = Counter(), Counter(), 0
    for text, findings in zip(texts, guardrail.detect([text["full_text"] for text in texts]), strict=True):
        places = [(span["entity_type"], span["start_position"], span["end_position"]) for span in text["spans"]]
        for kind, start, end in places:
            spans[kind] += 1
            hits[kind] += any(
                finding.kind == PUBLIC.get(kind, kind) and 2 * overlap(finding, start, end) >= end - start
                for finding in findings
            )
        spurious += sum(all(overlap(finding, *place) <= 0 for _, *place in places) for finding in findings)
    return {kind: hits[kind] / count for kind, count in spans.most_common()}, spurious


def overlap(finding, start: int, end: int) -> int:
    return min(finding.end, end) - max(finding.start, start)


@pytest.fixture(scope="module")
def spacy_model(tmp_path_factory):
    """A spaCy model that knows four names, of which only persons and places should count."""
    nlp = spacy.blank("en")
    names = {"PERSON": "Ada Lovelace", "GPE": "Leeds", "LOC": "Lake Erie", "ORG": "Acme"}
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": name} for label, name in names.items()])
    path = tmp_path_factory.mktemp("spacy") / "names"
    nlp.to_disk(path)
    return path


def test_a_spacy_model_adds_persons_and_places_only(spacy_model, caplog):
    guardrail = PiiNer(PiiNerSettings(directory=spacy_model))
    text = f"Ada Lovelace of Acme, Leeds, by Lake Erie: {PLANTED['EMAIL_ADDRESS']}"
    [found] = guardrail.detect([text])
    kinds = [(finding.kind, text[finding.start : finding.end]) for finding in found]
    assert kinds[:3] == [("PERSON", "Ada Lovelace"), ("LOCATION", "Leeds"), ("LOCATION", "Lake Erie")]
    assert ("EMAIL_ADDRESS", PLANTED["EMAIL_ADDRESS"]) in kinds
    assert not caplog.records
    assert set(PII_NER.covers) == {*PII.covers, "PERSON", "LOCATION"}


def test_a_model_that_is_absent_or_knows_no_names_is_one_line(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "blank")
    (tmp_path / "empty").mkdir()
    for settings, message in (
        (PiiNerSettings(package="en_no_such_model"), "no spaCy model named 'en_no_such_model' is installed"),
        (PiiNerSettings(directory=tmp_path / "blank"), "marks none of PERSON, PER, GPE"),
        (PiiNerSettings(directory=tmp_path / "empty"), "not a spaCy model"),
    ):
        with pytest.raises(ModelError, match=re.escape(message)) as caught:
            PiiNer(settings).detect(["x"])
        assert "\n" not in str(caught.value)


def test_a_text_too_long_for_a_language_model_is_refused(spacy_model):
    with pytest.raises(DataError, match=f"at most {LONGEST}"):
        PiiNer(PiiNerSettings(directory=spacy_model)).detect(["x" * (LONGEST + 1)])


def test_settings_name_exactly_one_existing_model(tmp_path):
    for values, message in (
        ({}, "set either package or directory"),
        ({"package": "a", "directory": "."}, "set either package or directory"),
        ({"directory": "absent"}, "no such directory"),
    ):
        with pytest.raises(ValidationError, match=message):
            PiiNerSettings.model_validate(values, context={"root": tmp_path})
