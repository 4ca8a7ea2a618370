"""What a decision says of an adapter's files, as an in-toto Statement with a test result.

https://github.com/in-toto/attestation, ``spec/v1/statement.md`` and ``spec/predicates/test-result.md``. The same card
gives the same statement, so that a verified one can be compared with the one that the ledger gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from qlora_gov.canonical import canonical_json, file_id, parse_json
from qlora_gov.errors import DataError, IntegrityError
from qlora_gov.records import Card, DecisionOutcome, Outcome
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.findings import DecisionPart, RuleLine

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


def statement_of(context: CardContext, card: Card) -> dict[str, Any]:
    """The statement that goes with a card: its subjects are the adapter's files, its tests the policy's rules.

    ``configuration`` holds what was tested with; what the result rests on stands in ``qlora_gov_evidence``, an
    extension field as the specification's parsing rules allow. Raises IntegrityError for another decision's card.
    """
    if (card.decision, card.head) != (context.decision.id, context.provenance.head.hash):
        raise IntegrityError(
            f"statement: card {card.id} is of another decision or ledger head than {context.decision.id}"
        )
    return {
        "_type": STATEMENT_TYPE,
        "subject": [_descriptor(file.name, file.digest) for file in context.provenance.adapter_files],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": "PASSED" if _promotes(context.decision) else "FAILED",
            "configuration": list(_configuration(context)),
            **_tests(context.decision),
            "qlora_gov_evidence": list(_evidence(context, card)),
        },
    }


def mismatches(statement: Mapping[str, Any], directory: Path) -> tuple[str, ...]:
    """How the files of a directory differ from a statement's subjects, a line for each; empty where they are the same.

    A file that the statement does not name is a difference too: a loader might read it.
    """
    if not directory.is_dir():
        raise DataError(f"no such directory of an adapter's files: {directory}")
    stated = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    paths = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    found = {name: file_id(path).removeprefix("sha256:") for name, path in paths.items()}
    return tuple(
        f"{directory / name}: {_difference(stated.get(name), found.get(name))}"
        for name in sorted({*stated, *found})
        if stated.get(name) != found.get(name)
    )


def parsed_statement(payload: bytes) -> dict[str, Any]:
    """A statement from its bytes, as it was signed.

    Raises IntegrityError for anything but a test result on named files, of which every reader reads the same.
    """
    try:
        statement = parse_json(payload)
        _Outline.model_validate(statement)
        form = canonical_json(statement)
    except (ValueError, RecursionError) as error:  # a ValidationError is a ValueError
        what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise IntegrityError(f"what was signed is not an in-toto statement of a test result: {what}") from error
    assert isinstance(statement, dict), "the outline is that of an object"
    # A key or a name that stands twice says one thing to this reader and another to the next.
    if form != payload:
        raise IntegrityError("what was signed is not in canonical form, so that another reader may read it otherwise")
    names = [subject["name"] for subject in statement["subject"]]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise IntegrityError(f"what was signed states two digests of {twice[0]!r}")
    return statement


class _Digest(BaseModel):
    sha256: str


class _Subject(BaseModel):
    name: str
    digest: _Digest


class _Outline(BaseModel):
    """What is read of a statement; unknown fields are passed over, as the specification asks."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: list[_Subject] = Field(min_length=1)
    predicate_type: Literal["https://in-toto.io/attestation/test-result/v0.1"] = Field(alias="predicateType")
    predicate: dict[str, Any]


def _promotes(decision: DecisionPart) -> bool:
    """Whether the decision lets the adapter ship.

    Whatever blocks is FAILED: WARNED is for tests that passed, and a decision that could not tell did not.
    """
    return decision.outcome is DecisionOutcome.APPROVED and not decision.exploratory


def _tests(decision: DecisionPart) -> dict[str, list[str]]:
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for line in decision.rules:
        tests[_list_of(line, decision)].append(line.rule.name)
    return {which: sorted(names) for which, names in tests.items()}


def _list_of(line: RuleLine, decision: DecisionPart) -> str:
    """Where a rule is named.

    A reader who looks at single tests must not take for clean what passed under a policy that came after the answers,
    nor what could not tell and was tolerated.
    """
    match line.outcome:
        case Outcome.PASS:
            return "warnedTests" if decision.exploratory else "passedTests"
        case Outcome.INCONCLUSIVE if decision.outcome is DecisionOutcome.APPROVED:
            return "warnedTests"
    return "failedTests"


def _configuration(context: CardContext) -> Iterator[dict[str, Any]]:
    data = context.evaluation_data
    yield _descriptor("policy", context.policy.id)
    yield _descriptor("evaluation set", data.id, rows=data.rows, rowsDigest=data.digest)
    for plugin in context.provenance.plugins:
        yield _descriptor(
            f"plugin {plugin.name}", plugin.source, distribution=plugin.distribution, version=plugin.version
        )


def _evidence(context: CardContext, card: Card) -> Iterator[dict[str, Any]]:
    decision, head = context.decision, context.provenance.head
    yield _descriptor(
        "decision",
        decision.id,
        outcome=decision.outcome.value,
        exploratory=decision.exploratory,
        look=decision.look,
        inconclusive=sorted(line.rule.name for line in decision.rules if line.outcome is Outcome.INCONCLUSIVE),
    )
    yield _descriptor("adapter", context.adapter)
    yield _descriptor("ledger head", head.hash, entry=head.seq)
    yield _descriptor("card", card.id)
    for name in sorted(card.files):
        yield _descriptor(name, card.files[name])


def _descriptor(name: str, tagged: str, **annotations: Any) -> dict[str, Any]:
    """A ResourceDescriptor. A content id ``sha256:...`` is a set of one digest."""
    algorithm, _, digest = tagged.partition(":")
    described = {"name": name, "digest": {algorithm: digest}}
    return {**described, "annotations": annotations} if annotations else described


def _difference(stated: str | None, found: str | None) -> str:
    if found is None:
        return "stated, but not there"
    return "there, but not stated" if stated is None else "not the file that was stated"
