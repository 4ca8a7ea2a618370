import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.errors import IntegrityError
from qlora_gov.reports.card.records import CardRecords, SubjectRecords


def test_records_that_belong_together_are_evidence(records: Callable[..., CardRecords]) -> None:
    given = records()
    assert given.decision.policy == given.policy.id


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("policy", {"rules": ()}, "the decision's policy"),
        ("adapter", {"digest": "sha256:other"}, "the decision's adapter"),
        ("base", {"architecture": "Other"}, "the adapter's base"),
        ("training", {"rows": 1}, "the adapter's training set"),
        ("evaluation", {"rows": 1}, "the candidate's evaluation set"),
    ],
)
def test_a_record_of_something_else_is_refused(
    records: Callable[..., CardRecords], field: str, change: dict[str, object], message: str
) -> None:
    given = records()
    with pytest.raises(IntegrityError, match=message):
        dataclasses.replace(given, **{field: getattr(given, field).model_copy(update=change)})


def test_answers_of_another_subject_are_refused(records: Callable[..., CardRecords]) -> None:
    given = records()
    swapped = SubjectRecords(given.champion.evaluation, given.candidate.responses)
    with pytest.raises(IntegrityError, match="the champion's responses"):
        dataclasses.replace(given, champion=swapped)


def test_a_rule_without_a_verdict_is_refused(records: Callable[..., CardRecords]) -> None:
    given = records()
    decision = given.decision.model_copy(update={"verdicts": given.decision.verdicts[:1]})
    with pytest.raises(IntegrityError, match="1 verdicts on other rules than the policy's 2"):
        dataclasses.replace(given, decision=decision)


def test_another_reference_than_the_pinned_one_is_refused(
    records: Callable[..., CardRecords], everything: dict[str, Any]
) -> None:
    given = records(**everything)
    policy = given.policy.model_copy(update={"reference": "base"})
    decision = given.decision.model_copy(update={"policy": policy.id})
    with pytest.raises(IntegrityError, match="the policy's reference is base, but the record given is sha256:d"):
        dataclasses.replace(given, policy=policy, decision=decision)
    with pytest.raises(IntegrityError, match=r"the decision's reference is sha256:.*, but the record given is none"):
        dataclasses.replace(given, reference=None)


def test_an_adapter_from_elsewhere_has_no_base_and_no_rows(
    records: Callable[..., CardRecords], imported: dict[str, Any]
) -> None:
    given = records(**imported)
    assert (given.base, given.training) == (None, None)
    with pytest.raises(IntegrityError, match="the adapter's base is none, but the record given is sha256:"):
        dataclasses.replace(given, base=records().base)
