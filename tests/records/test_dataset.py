"""What a training set's record says of the evaluation rows in it."""

from __future__ import annotations

from typing import Any

import pytest

from qlora_gov.records import Absent, Component, DatasetVersion, Overlap, StepReport


def step(name: str, **terms: Any) -> StepReport:
    component = Component(name=name, distribution="d", version="1", source="sha256:0", settings={})
    return StepReport(component=component, action="filter", **({"rows_in": 9, "dropped": {}, "changed": 0} | terms))


def version(role: str, *steps: StepReport, held_out: str | None = None) -> DatasetVersion:
    return DatasetVersion(
        role=role, sources=(), steps=steps, rows=9, groups=9, mix={}, digest="sha256:1", held_out=held_out
    )


EVALUATION = version("evaluation")
LEAK = step("data/held_out_leak", decontaminates=True, dropped={"same": 2})


def test_what_was_found_and_what_nobody_looked_at() -> None:
    labelled = step("own/leaks", decontaminates=True, labelled=3)
    steps = step("redact", changed=5), LEAK, step("length", changed=1), labelled, step("pii", changed=2)
    found = version("training", *steps, held_out=EVALUATION.id).overlap(EVALUATION)
    assert found == Overlap(steps=(LEAK, labelled), left=3, unseen=2)


def test_what_filters_of_the_first_release_did_is_told_by_their_names_and_reasons() -> None:
    for old in (step("data/held_out_leak"), step("own/clean", dropped={"prompt is held out": 1})):
        found = version("training", old, held_out=EVALUATION.id).overlap(EVALUATION)
        assert isinstance(found, Overlap)


@pytest.mark.parametrize(
    ("training", "why"),
    [
        (version("training", LEAK), "the training set was kept clear of no evaluation set"),
        (
            version("training", LEAK, held_out="sha256:0123456789abcdef"),
            "the training set was kept clear of evaluation set 0123456789ab, which is not the one used here",
        ),
        (
            version("training", step("length"), held_out=EVALUATION.id),
            "no curation step says that it compared the training set with the held-out rows",
        ),
        (
            version("training", step("held_out", decontaminates=False), held_out=EVALUATION.id),
            "no curation step says that it compared the training set with the held-out rows",
        ),
    ],
)
def test_where_nobody_can_say_it_says_why(training: DatasetVersion, why: str) -> None:
    assert training.overlap(EVALUATION) == Absent(absent=why)
