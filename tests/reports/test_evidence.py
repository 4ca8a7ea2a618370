import dataclasses
from collections.abc import Callable

import pytest

from qlora_gov.errors import IntegrityError
from qlora_gov.reports.evidence import Evidence, Subject


def test_records_that_belong_together_are_evidence(evidence: Callable[..., Evidence]) -> None:
    given = evidence()
    assert given.decision.policy == given.policy.id


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("policy", {"rules": ()}, "the decision's policy"),
        ("adapter", {"seed": 8}, "the decision's adapter"),
        ("base", {"architecture": "Other"}, "the adapter's base"),
        ("training", {"rows": 1}, "the adapter's training set"),
        ("evaluation", {"rows": 1}, "the candidate's evaluation set"),
    ],
)
def test_a_record_of_something_else_is_refused(
    evidence: Callable[..., Evidence], field: str, change: dict[str, object], message: str
) -> None:
    given = evidence()
    with pytest.raises(IntegrityError, match=message):
        dataclasses.replace(given, **{field: getattr(given, field).model_copy(update=change)})


def test_answers_of_another_subject_are_refused(evidence: Callable[..., Evidence]) -> None:
    given = evidence()
    swapped = Subject(given.champion.evaluation, given.candidate.responses)
    with pytest.raises(IntegrityError, match="the champion's responses"):
        dataclasses.replace(given, champion=swapped)


def test_a_rule_without_a_verdict_is_refused(evidence: Callable[..., Evidence]) -> None:
    given = evidence()
    decision = given.decision.model_copy(update={"verdicts": given.decision.verdicts[:1]})
    with pytest.raises(IntegrityError, match="1 verdicts for a policy of 2 rules"):
        dataclasses.replace(given, decision=decision)
