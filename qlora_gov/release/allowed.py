"""What a decision allows now: whether its adapter, in exactly these files, may ship."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path

from qlora_gov.canonical import short_id
from qlora_gov.errors import IntegrityError, ReleaseError, TrainingError
from qlora_gov.evidence.aliases import current, subject_of
from qlora_gov.evidence.decisions import overtaken
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.evidence.waivers import waivers_of
from qlora_gov.ledger import verify_lineage
from qlora_gov.ledger.reading import fetch
from qlora_gov.pipeline.datasets import curating
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import Adapter, Decision, DecisionOutcome, Outcome, Policy, Waiver
from qlora_gov.stages.train import adapter_files
from qlora_gov.verification import Rejudge


def allowing_waivers(
    pipeline: Pipeline, decision: Decision, weights: Path, refused: str, named: str = ""
) -> Mapping[str, Waiver]:
    """The waivers, by their rule, with which a decision lets its adapter ship.

    Args:
        pipeline: the project's.
        decision: on a release.
        weights: the directory that is about to ship.
        refused: what was not done where it does not, such as ``not promoted``.
        named: what is to be said of the decision besides.

    Raises:
        ReleaseError: the decision does not allow it, or is not on exactly these weights, this evaluation set,
            this policy and this champion.
        IntegrityError: the evidence behind the decision does not re-derive.
    """
    space, ledger = pipeline.space, pipeline.space.ledger
    adapter, waivers = fetch(ledger, decision.adapter, Adapter), waivers_of(ledger, decision)
    judged = f"{refused}: decision {short_id(decision.id)}{named}"
    for reason in (*_other_weights(adapter, weights), *_disallowed(decision, waivers), *_outdated(pipeline, decision)):
        raise ReleaseError(f"{judged}: {reason}")
    again = Rejudge(ledger, space.catalog, space.root).problems([ledger.get(decision.id)])
    if problems := [*verify_lineage(ledger, decision.id), *(one for one in again if not one.harmless)]:
        raise IntegrityError(f"{judged}: the evidence does not re-derive: {problems[0]}")
    return waivers


def _other_weights(adapter: Adapter, directory: Path) -> Iterator[str]:
    """How the files that are about to ship differ from those that were decided on."""
    if not directory.is_dir():
        yield f"there are no weights at {directory}"
        return
    try:
        files = adapter_files(directory)
    except TrainingError as error:
        yield str(error)
        return
    for name in sorted({*files, *adapter.files}):
        if files.get(name) != adapter.files.get(name):
            yield f"{directory / name} is not the file that was decided on"


def _disallowed(decision: Decision, waived: Container[str]) -> Iterator[str]:
    """Why the decision itself promotes nothing."""
    if decision.exploratory:
        yield "it is exploratory: its policy was recorded after the candidate had answered"
    if decision.outcome is not DecisionOutcome.APPROVED:
        for item in decision.verdicts:
            if item.verdict.outcome is not Outcome.PASS and item.rule.name not in waived:
                yield f"{decision.outcome}: {item.rule.name!r} is {item.verdict.outcome} and no waiver holds for it"


def _outdated(pipeline: Pipeline, decision: Decision) -> Iterator[str]:
    """What has changed since the decision."""
    ledger = pipeline.space.ledger
    if fetch(ledger, decision.policy, Policy).terms != pipeline.bound.release.policy.terms:
        yield "the project's policy is not the one that was decided under; run 'qlora-gov gate' again"
    yield from overtaken(ledger, decision)
    dataset = dataset_of(ledger, decision.candidate)
    if dataset != _evaluation_set(pipeline, dataset):
        yield "the project's evaluation set is not the one that was decided on; run 'qlora-gov run' again"
    champion, compared = current(ledger, "champion"), subject_of(ledger, decision.champion)
    served = champion.adapter if champion else None
    if served not in (decision.adapter, compared.id if compared else None):
        yield "the champion is no longer the one that the candidate was compared with; run 'qlora-gov run' again"


def _evaluation_set(pipeline: Pipeline, decided: str) -> str | None:
    """The id of the project's evaluation set; a project whose evaluations are imported has what was imported."""
    setup = pipeline.bound.setup
    if setup is None:
        return decided
    entry = curating(pipeline.space, "evaluation", setup.evaluation_data, None).find(pipeline.space.ledger)
    return entry.id if entry else None
