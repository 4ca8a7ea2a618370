"""Which of several evaluations of a subject is meant: the newest, or the one that somebody names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qlora_gov.canonical import short_id
from qlora_gov.errors import UsageError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Claim, Decision, Evaluation, Responses
from qlora_gov.records.inputs import same_inputs
from qlora_gov.records.settings import differences

_SHORTEST = 6  # characters of a digest that name one


@dataclass(frozen=True)
class Choice:
    """A subject's answers with the newest evaluation of them."""

    evaluation: Evaluation
    responses: Responses

    def name(self, ledger: Ledger) -> str:
        """By what people tell it from others: its id, and of an imported one the model, the tool and the tasks."""
        id_, claim, rows = short_id(self.evaluation.id), self.responses.claim, self.responses.rows
        if claim is None:
            return f"{id_} (answered here, {self.responses.quantization}, {rows} rows)"
        tasks = ", ".join(self.tasks(ledger))
        of = f"{claim.model} by {claim.tool} {claim.version}, begun {claim.began}"
        return f"{id_} ({of}, {rows} rows{f' of {tasks}' if tasks else ''})"

    def tasks(self, ledger: Ledger) -> list[str]:
        """Of which of the tool's tasks the rows are, where its importer says so."""
        tasks = {row.extra.get("task") for row in evaluation_rows(ledger, self.responses.dataset)}
        return sorted(task for task in tasks if isinstance(task, str))

    def is_named(self, ledger: Ledger, name: str) -> bool:
        """Whether a name is this one's: the start of an id or of the log's digest, a model, or a task."""
        claim = self.responses.claim
        ids = [self.evaluation.id, self.responses.id, *([claim.log] if claim else [])]
        digest = name.removeprefix("sha256:")
        if len(digest) >= _SHORTEST and any(one.removeprefix("sha256:").startswith(digest) for one in ids):
            return True
        return claim is not None and (name in (claim.model, claim.base) or name in self.tasks(ledger))


def choices_of(ledger: Ledger, base: str | None, adapter: str | None, before: int | None = None) -> list[Choice]:
    """All answers of a subject that were scored, the newest answers first; ``before`` an entry of this number, or all.

    An adapter is known by its id, the base alone by its own; of those whose answers were imported the id is None.
    """
    found: dict[str, Choice] = {}
    with ledger.reading():  # what follows shares this opening
        for entry in reversed(ledger.entries(Evaluation.kind)):
            if before is not None and entry.seq >= before:
                continue
            evaluation = held(entry, Evaluation)
            answered = responses_of(ledger, evaluation)
            if answered.adapter == adapter and (adapter is not None or answered.base == base):
                found.setdefault(answered.id, Choice(evaluation, answered))
        # Scoring old answers again makes them no newer.
        return sorted(found.values(), key=lambda one: ledger.get(one.responses.id).seq, reverse=True)


def comparable(one: Responses, other: Responses) -> bool:
    """Whether two answered the same rows, as the same tool asked them and with the same settings."""
    return not differing(one, other)


def differing(one: Responses, other: Responses) -> list[str]:
    """In what two answers differ that keeps them from being paired."""
    tools = [(claim.tool, claim.version) if (claim := answers.claim) else None for answers in (one, other)]
    parts = [name for name in ("dataset", "quantization", "generation") if getattr(one, name) != getattr(other, name)]
    if tools[0] != tools[1]:
        return [*parts, "tool"]  # which may name its settings otherwise
    if not parts and not same_inputs(one.inputs, other.inputs, base=one.base == other.base):
        parts.append("text that the chat template made of the rows ('qlora-gov evaluate' lets it answer again)")
    return [*parts, *_settings_differing(one.claim, other.claim)]


def _settings_differing(one: Claim | None, other: Claim | None) -> list[str]:
    """Each setting of two logs that differs; nothing where an earlier version imported one and did not read them."""
    if one is None or other is None or one.settings is None or other.settings is None:
        return []
    return differences(one.settings, other.settings)


def chosen(ledger: Ledger, among: Sequence[Choice], name: str | None, option: str) -> Choice:
    """The newest, or the one of this name. Raises UsageError that lists all where none or several have it."""
    if name is None:
        return among[0]
    named = [one for one in among if one.is_named(ledger, name)]
    if len(named) == 1:
        return named[0]
    how = f"{len(named)} evaluations are" if named else "no evaluation is"
    raise UsageError(f"{option}: {how} named {name!r}; there are {listed(ledger, named or among)}")


def listed(ledger: Ledger, among: Sequence[Choice]) -> str:
    """The names of all."""
    return "; ".join(one.name(ledger) for one in among)


def candidates(ledger: Ledger, adapter: str) -> list[Choice]:
    """All that may be judged of an adapter. Raises UsageError where there is nothing."""
    return choices_of(ledger, None, adapter) or _nothing(adapter)


def baselines(ledger: Ledger, adapter: str | None, like: Responses) -> list[Choice]:
    """All of a champion or reference that a candidate's answers may be paired with. Raises UsageError where none is."""
    mine = choices_of(ledger, like.base, adapter)
    fitting = [one for one in mine if comparable(one.responses, like)]
    if not mine:
        _nothing(adapter)
    if not fitting:
        what = " and another ".join(differing(mine[0].responses, like))
        raise UsageError(f"{_who(adapter)} was evaluated, but not as the candidate was: another {what}")
    return fitting


def _of_own_base(ledger: Ledger, among: Sequence[Choice], candidate: Responses) -> Sequence[Choice]:
    """Of several bases, by the names in their logs, those that the candidate's log names as its own.

    Raises UsageError where it names none of several, so that nobody knows which is meant.
    """
    models = [one.responses.claim.model if one.responses.claim else None for one in among]
    own = candidate.claim.base if candidate.claim else None
    if own in models and own is not None:
        return [one for one, model in zip(among, models, strict=True) if model == own]
    if len({model for model in models if model is not None}) > 1:
        raise UsageError(
            f"logs of several bases are on these rows: {listed(ledger, among)}; name one with --against, or keep a "
            "project for each"
        )
    return among


def _nothing(adapter: str | None) -> list[Choice]:
    raise UsageError(f"{_who(adapter)} has no evaluation in the ledger; 'qlora-gov evaluate' or 'import' makes one")


def _who(adapter: str | None) -> str:
    return f"adapter {adapter}" if adapter else "the base without an adapter"


@dataclass(frozen=True)
class Names:
    """Which evaluations somebody asked for: of the candidate, and of what it is compared with."""

    evaluation: str | None = None
    against: str | None = None


def paired(ledger: Ledger, candidate: Choice, adapters: Sequence[str | None], name: str | None) -> list[Choice]:
    """Of each adapter, None for the base, what the candidate is compared with: the newest, or the one of this name.

    A name need fit only one of them: a champion and a pinned reference may be two subjects.
    """
    among = [baselines(ledger, adapter, candidate.responses) for adapter in adapters]
    fits = [name is not None and any(one.is_named(ledger, name) for one in found) for found in among]
    picked: list[Choice] = []
    found: Sequence[Choice]
    for found, here in zip(among, fits, strict=True):
        asked = name if here or not any(fits) else None
        if asked is None and found[0].responses.adapter is None:
            found = _of_own_base(ledger, found, candidate.responses)
        picked.append(chosen(ledger, found, asked, "--against"))
    return picked


def told(ledger: Ledger, decision: Decision) -> Iterator[str]:
    """Which evaluation of a side a decision is on, where there were others, and whose base is another by its log."""
    sides = {who: responses_of(ledger, fetch(ledger, id_, Evaluation)) for who, id_ in decision.sides.items()}
    for who, answered in sides.items():
        if who == "candidate":
            among, option = choices_of(ledger, answered.base, answered.adapter), "--evaluation"
        else:
            among, option = baselines(ledger, answered.adapter, sides["candidate"]), "--against"
        if len(among) > 1 and (used := next((one for one in among if one.responses.id == answered.id), None)):
            yield f"{who}: {used.name(ledger)}, 1 of {len(among)} on record; {option} names another"
        if answered.claim is not None and (other := answered.claim.other_base(sides["candidate"].claim)) is not None:
            yield f"{who}: {other}"
