from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.errors import PluginError, ProjectError
from qlora_gov.guardrails.filter import GuardrailFilter
from qlora_gov.guardrails.redact import redact_spans
from qlora_gov.plugin.specs import Change, Drop, Finding, Span
from tests.stages.toys import example


@pytest.mark.parametrize(
    ("spans", "redacted"),
    [
        ([], "0123456789"),
        ([("A", 2, 4)], "01[A]456789"),
        ([("B", 7, 9), ("A", 2, 4)], "01[A]456[B]9"),
        ([("A", 2, 4), ("B", 4, 6)], "01[A][B]6789"),
        ([("A", 2, 6), ("B", 4, 8)], "01[A]89"),
        ([("B", 4, 5), ("A", 2, 8)], "01[A]89"),
        ([("B", 2, 4), ("A", 2, 8)], "01[A]89"),
        ([("B", 2, 4), ("A", 2, 4)], "01[A]456789"),
        ([("A", 0, 10)], "[A]"),
    ],
)
def test_every_span_is_replaced_by_its_kind(spans: list[tuple[str, int, int]], redacted: str) -> None:
    assert redact_spans("0123456789", [Finding(kind, 1.0, start, end) for kind, start, end in spans]) == redacted


SPANS = st.lists(st.tuples(st.integers(0, 19), st.integers(1, 8)), max_size=5)


@given(SPANS)
def test_nothing_that_was_found_stays_and_all_else_does(spans: list[tuple[int, int]]) -> None:
    text = "abcdefghijklmnopqrstuvwxyz"[:20]
    findings = [Finding("#", 1.0, start, min(start + length, 20)) for start, length in spans]
    found = {at for finding in findings for at in range(finding.start, finding.end)}
    assert redact_spans(text, findings).replace("[#]", "") == "".join(c for at, c in enumerate(text) if at not in found)


class Digits:
    """Finds every digit, and says of each text what it was."""

    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        return [[Finding("DIGIT", 1.0, at, at + 1) for at, c in enumerate(text) if c.isdigit()] for text in texts]


ROWS = [example("Call 1 or 2", "No."), example("Call", "On 3."), example("Call", "No.")]


def test_a_guardrail_drops_the_rows_that_it_flags_in_any_turn() -> None:
    assert GuardrailFilter(Digits(), "toys/digits", "drop", ("DIGIT",)).apply(ROWS) == [
        Drop("DIGIT", 1.0, spans=(Span(0, "DIGIT", 5, 6), Span(0, "DIGIT", 10, 11))),
        Drop("DIGIT", 1.0, spans=(Span(1, "DIGIT", 3, 4),)),
        ROWS[2],
    ]


def test_a_guardrail_redacts_what_it_found_in_any_turn() -> None:
    rows = GuardrailFilter(Digits(), "toys/digits", "redact", ("DIGIT",)).apply(ROWS)
    assert [[m.content for m in row.example.messages] for row in rows if isinstance(row, Change)] == [
        ["Call [DIGIT] or [DIGIT]", "No."],
        ["Call", "On [DIGIT]."],
    ]
    assert rows[2] is ROWS[2]


def test_a_rejected_answer_may_be_at_fault_and_is_redacted_all_the_same() -> None:
    at_fault, pair = (example("Call", answer, rejected="On 3.") for answer in ("No.", "On 3."))
    span = Span(2, "DIGIT", 3, 4)
    kept, dropped = GuardrailFilter(Digits(), "toys/digits", "drop", ("DIGIT",)).apply([at_fault, pair])
    labelled = at_fault.model_copy(update={"extra": {"found_in_rejected": "DIGIT"}})
    assert kept == Change(labelled, "DIGIT", 1.0, (span,)), "it stays, and says so"
    assert dropped == Drop("DIGIT", 1.0, spans=(Span(1, "DIGIT", 3, 4), span))
    for action, said in (("redact", "On [DIGIT]."), ("redact numbered", "On [DIGIT_1].")):
        one, both = GuardrailFilter(Digits(), "toys/digits", action, ("DIGIT",)).apply([at_fault, pair])
        assert isinstance(one, Change)
        assert isinstance(both, Change)
        assert (one.example.rejected, one.example.reference) == (said, "No.")
        assert (both.example.rejected, both.example.reference) == (said, said)


def test_a_guardrail_numbers_what_it_found_over_the_turns_of_a_row() -> None:
    rows = GuardrailFilter(Digits(), "toys/digits", "redact numbered", ("DIGIT",)).apply(
        [example("Call 1 or 2", "On 2.")]
    )
    [row] = rows
    assert isinstance(row, Change)
    assert [m.content for m in row.example.messages] == ["Call [DIGIT_1] or [DIGIT_2]", "On [DIGIT_2]."]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("hide", "no action is named 'hide'; known: drop, redact"),
        ("redcat", "no action is named 'redcat'; did you mean 'redact'?"),
        ("", "no action is named ''; known: drop, redact"),
        (None, "no action is set; known: drop, redact"),
    ],
)
def test_a_guardrail_of_no_known_action_is_refused(action: str | None, said: str) -> None:
    with pytest.raises(ProjectError) as caught:
        GuardrailFilter(Digits(), "toys/digits", action, ("DIGIT",))
    assert caught.value.lines == (f"toys/digits: {said}",)


class Says:
    def __init__(self, *findings: Sequence[Finding]) -> None:
        self.findings = findings

    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        return self.findings


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([], "returned 0 lists of findings for 2 texts"),
        ([[]], "returned 1 lists of findings for 2 texts"),
        ([[], [], []], "returned 3 lists of findings for 2 texts"),
        ([[], [Finding("A", 1.0, 0, 99)]], "is not within a text of 3 characters, in file:One"),
        ([[], [Finding("A", 1.0, -1, 2)]], "is not within a text of 3 characters, in file:One"),
        ([[], [Finding("A", 1.0, 2, 1)]], "is not within a text of 3 characters, in file:One"),
    ],
)
def test_findings_that_do_not_fit_the_texts_let_no_row_through(findings: list[list[Finding]], said: str) -> None:
    for action in ("drop", "redact"):
        with pytest.raises(PluginError, match=f"^toys/says .*{said}"):
            GuardrailFilter(Says(*findings), "toys/says", action, ("A",)).apply([example("One?", "No.")])
