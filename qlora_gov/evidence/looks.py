"""How often the rows of an evaluation set were judged before, in whichever sets they lay."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qlora_gov.evidence.adapters import same_weights
from qlora_gov.evidence.choices import choices_of
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of, responses_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.plugin.looks import Earlier, Look
from qlora_gov.plugin.specs import Bools, Floats
from qlora_gov.records import DatasetVersion, Decision, Evaluation, Policy, Responses, Sweep
from qlora_gov.records.clusters import plain_text
from qlora_gov.records.example import Example, Message

TELLS = 0.5
"""The share of rows that a part of the conversation must tell apart for rows to be known by that part."""


@dataclass(frozen=True)
class RowNames:
    """By what rows are known again: their texts, from the shortest part of the conversation to the whole, and groups.

    A text is known whatever its case, white space, and the punctuation around it. Labels, references, order and
    copies make no row another one.
    """

    texts: tuple[Sequence[bytes], ...]
    groups: Sequence[str]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> RowNames:
        """Of the rows of one set."""
        return cls(
            (
                [_text(m for m in example.prompt if m.role != "system") for example in examples],
                [_text(example.prompt) for example in examples],
                [_text(example.messages) for example in examples],
            ),
            [example.group for example in examples],
        )

    @property
    def telling(self) -> int:
        """The index of the shortest part that tells rows apart: more than the question where all ask the same."""
        distinct = [len(set(texts)) for texts in self.texts]
        return next(index for index, count in enumerate(distinct) if count >= TELLS * distinct[-1])

    def among(self, other: RowNames) -> Bools:
        """Which of these rows another set holds ``[n]``: they have a text or a group in common with one of its rows."""
        texts, groups = set(other.texts[self.telling]), {group for group in other.groups if _names(group)}
        mine = zip(self.texts[self.telling], self.groups, strict=True)
        return np.array([text in texts or group in groups for text, group in mine], dtype=np.bool_)

    @property
    def weights(self) -> Floats:
        """Each row's weight ``[n]``: rows of one text share that of one."""
        texts = self.texts[self.telling]
        copies = Counter(texts)
        return np.array([1 / copies[text] for text in texts], dtype=np.float64)


def earlier_looks(
    ledger: Ledger,
    dataset: str,
    policy: Policy,
    passed_over: Sequence[str] | None,
    trials: Sequence[str] = (),
    before: int | None = None,
) -> Earlier:
    """The decisions that judged rows of an evaluation set, as a policy counts them.

    Args:
        ledger: where they are.
        dataset: the id of the set's version; under whatever id its rows were curated, they are the same rows.
        policy: says whether a decision on some of the rows, in another set, is a look at these.
        passed_over: the evaluations that were looked at and not judged, as :func:`unjudged` names them.
        trials: those of sweeps, as :func:`tried` names them. A policy that counts whole sets counts these, too.
        before: the number of the entry that they come before; by default all are meant.
    """
    shared = SharedRows(ledger, fetch(ledger, dataset, DatasetVersion))
    seen = (*(passed_over or ()), *trials) if policy.looks_by == "row" else trials
    return _with(_judged(ledger, shared, policy, before), ledger, shared, policy, seen, before)


def _with(
    earlier: Earlier, ledger: Ledger, shared: SharedRows, policy: Policy, evaluations: Sequence[str], before: int | None
) -> Earlier:
    """Decisions, and evaluations that were looked at instead: each is a look at what no decision on it tested."""
    untested = _untested(ledger, before) if evaluations else {}
    answered = [responses_of(ledger, fetch(ledger, id_, Evaluation)) for id_ in evaluations]
    more = [
        Look(shared.with_set(one.dataset), only=untested.get(one.id))
        for one in answered
        if _is_counted(ledger, shared, policy, one.dataset)
    ]
    return replace(earlier, looks=[*earlier.looks, *more])


def _is_counted(ledger: Ledger, shared: SharedRows, policy: Policy, dataset: str) -> bool:
    """Whether a policy counts a look at rows of another set: where it counts whole sets, only at the same rows."""
    return policy.looks_by == "row" or fetch(ledger, dataset, DatasetVersion).digest == shared.version.digest


def looks_at_rows(ledger: Ledger, version: DatasetVersion, examples: Sequence[Example], policy: Policy) -> Earlier:
    """The same for rows that may not be on record yet, and for an adapter that is none of the trials of a sweep."""
    shared = SharedRows(ledger, version, examples)
    return _with(_judged(ledger, shared, policy, None), ledger, shared, policy, _tried(ledger, shared), None)


def _judged(ledger: Ledger, shared: SharedRows, policy: Policy, before: int | None) -> Earlier:
    looks = []
    for entry in ledger.entries(Decision.kind):
        decision = held(entry, Decision)
        if (before is None or entry.seq < before) and decision.tested:
            judged = dataset_of(ledger, decision.candidate)
            if _is_counted(ledger, shared, policy, judged):
                looks.append(Look(shared.with_set(judged), decision.unmeasured))
    weights = shared.names.weights if policy.looks_by == "row" else np.ones(shared.version.rows)
    return Earlier([look for look in looks if look.rows.any()], weights)


def unjudged(ledger: Ledger, sides: Iterable[str], before: int | None = None) -> tuple[str, ...]:
    """The evaluations that a decision on ``sides`` could have been on as well, and that no decision judged.

    Whoever evaluates a subject until the numbers please, and has that evaluation judged, has looked at the rows each
    time, under whatever inputs and versions of the tool. A decision judges what it tests. ``sides`` are ids of
    evaluations, ``before`` is the number of the decision's entry; by default it comes last.
    """
    untested, found = _untested(ledger, before), {}
    answered = [responses_of(ledger, fetch(ledger, id_, Evaluation)) for id_ in sides]
    used = {one.id for one in answered}
    shared = SharedRows(ledger, fetch(ledger, answered[0].dataset, DatasetVersion))
    for one in answered:
        subjects = [None] if one.adapter is None else sorted(same_weights(ledger, one.adapter))
        for other in (choice for subject in subjects for choice in choices_of(ledger, one.base, subject, before)):
            id_ = other.responses.id
            left = id_ not in used and untested.get(id_) != frozenset() and _could_replace(other.responses, one)
            if left and shared.with_set(other.responses.dataset).any():
                found[id_] = other.evaluation.id
    return tuple(sorted(found.values()))


def tried(
    ledger: Ledger, sides: Iterable[str], passed_over: Sequence[str], before: int | None = None
) -> tuple[str, ...]:
    """The evaluations of the trials of sweeps on the rows of ``sides`` that no decision judged, nor are passed over.

    Whoever sweeps has seen what every trial scored, and may have chosen the candidate, or how to train it, by that.
    ``sides`` are ids of evaluations; ``before`` is as in :func:`unjudged`.
    """
    answered = [responses_of(ledger, fetch(ledger, id_, Evaluation)) for id_ in sides]
    known = [responses_of(ledger, fetch(ledger, id_, Evaluation)) for id_ in passed_over]
    shared = SharedRows(ledger, fetch(ledger, answered[0].dataset, DatasetVersion))
    return _tried(ledger, shared, frozenset(one.id for one in (*answered, *known)), before)


def _tried(
    ledger: Ledger, shared: SharedRows, known: frozenset[str] = frozenset(), before: int | None = None
) -> tuple[str, ...]:
    """The same but for those of the answers that are ``known``; of one trial in several sweeps, one is meant."""
    sweeps = [held(entry, Sweep) for entry in ledger.entries(Sweep.kind) if before is None or entry.seq < before]
    untested, found = _untested(ledger, before) if sweeps else {}, {}
    for id_ in (id_ for sweep in sweeps for id_ in sweep.evaluations):
        answered = responses_of(ledger, fetch(ledger, id_, Evaluation))
        left = answered.id not in known and untested.get(answered.id) != frozenset()
        if left and shared.with_set(answered.dataset).any():
            found[answered.id] = id_
    return tuple(sorted(found.values()))


def _could_replace(other: Responses, used: Responses) -> bool:
    """Whether answers could stand for others of the same subject; of two bases, logs tell by the model's name."""

    def kind(one: Responses) -> tuple[object, ...]:
        tool = one.claim.tool if one.claim else None
        return tool, one.claim.model if one.claim and one.adapter is None else None, one.quantization, one.generation

    return kind(other) == kind(used)


def _untested(ledger: Ledger, before: int | None) -> dict[str, frozenset[str]]:
    """By the id of answers that decisions are on, the metrics that each of them asked for and did not test."""
    found: dict[str, frozenset[str]] = {}
    for entry in ledger.entries(Decision.kind):
        if before is None or entry.seq < before:
            decision = held(entry, Decision)
            for id_ in decision.sides.values():
                answered = responses_of(ledger, fetch(ledger, id_, Evaluation)).id
                found[answered] = found.get(answered, decision.unmeasured) & decision.unmeasured
    return found


class SharedRows:
    """Which rows of one set ``[n]`` others hold, too. Without ``examples``, its rows are read from the ledger."""

    def __init__(self, ledger: Ledger, version: DatasetVersion, examples: Sequence[Example] | None = None) -> None:
        self.version = version
        self._ledger, self._examples = ledger, examples
        self._known: dict[str, Bools] = {}

    @cached_property
    def names(self) -> RowNames:
        """Those of the set's own rows."""
        rows = evaluation_rows(self._ledger, self.version.id) if self._examples is None else self._examples
        return RowNames.of(rows)

    def with_set(self, dataset: str) -> Bools:
        """The rows that another set holds, by the id of its version."""
        digest = fetch(self._ledger, dataset, DatasetVersion).digest
        if digest not in self._known:
            same = digest == self.version.digest
            self._known[digest] = (
                np.ones(self.version.rows, dtype=np.bool_)
                if same
                else self.names.among(RowNames.of(evaluation_rows(self._ledger, dataset)))
            )
        return self._known[digest]


def _text(messages: Iterable[Message]) -> bytes:
    """The digest of turns as they are known again."""
    return hashlib.blake2b("\n".join(plain_text(m.content) for m in messages).encode(), digest_size=16).digest()


def _names(group: str) -> bool:
    """Whether a group's name says which it is in other sets, too: a bare number does not."""
    return not group.isdigit()
