"""What the ledger held when an entry was made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TypeVar

from qlora_gov.evidence.mending import Scored
from qlora_gov.ledger import Entry
from qlora_gov.records import (
    AliasMove,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    Evaluation,
    MoveReason,
    Policy,
    Record,
    Responses,
)

R = TypeVar("R", bound=Record)


class Past:
    """The entries before one entry. What is not among them is reported as a missing parent, and None here."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._decisions: Counter[str] = Counter()
        self._answers: dict[tuple[str | None, str], list[Entry]] = defaultdict(list)
        self._scored: dict[str, list[Scored]] = defaultdict(list)
        self._moves: dict[str, AliasMove] = {}
        self._promoted: dict[str | None, AliasMove] = {}
        self._against: dict[str | None, list[tuple[str, str]]] = defaultdict(list)
        self.newest: Entry | None = None
        self._policies: dict[str, list[Entry]] = defaultdict(list)

    def add(self, entry: Entry) -> None:
        """Go on to the next entry."""
        self._entries[entry.id] = self.newest = entry
        match entry.record:
            case AliasMove():
                self._move(entry.record)
            case Policy():
                self._policies[entry.record.purpose].append(entry)
            case Responses():
                self._answers[entry.record.adapter, self.rows(entry.record)].append(entry)
            case Evaluation():
                if (scored := self.held(entry.record.responses, Responses)) is not None:
                    self._scored[self.rows(scored)].append(Scored(entry.record, scored))
            case Decision():
                answered = self.answered(entry.record.candidate)
                self._decisions[self.rows(answered)] += 1
                self._decide(entry.id, entry.record)

    def entry(self, record_id: str) -> Entry | None:
        """The newest entry of a record."""
        return self._entries.get(record_id)

    def held(self, record_id: str | None, kind: type[R]) -> R | None:
        """A record of one kind."""
        entry = self._entries.get(record_id or "")
        return entry.record if entry is not None and isinstance(entry.record, kind) else None

    def answered(self, evaluation: str | None) -> Responses | None:
        """What an evaluation scored."""
        scored = self.held(evaluation, Evaluation)
        return self.held(scored.responses, Responses) if scored else None

    def rows(self, answered: Responses | None) -> str:
        """The digest of the rows that were answered."""
        dataset = self.held(answered.dataset, DatasetVersion) if answered else None
        return dataset.digest if dataset else ""

    def looks(self, answered: Responses) -> int:
        """How many decisions the answered rows had seen."""
        return self._decisions[self.rows(answered)]

    def answers(self, like: Responses) -> list[Entry]:
        """All answers of the same subject to the same rows."""
        return self._answers[like.adapter, self.rows(like)]

    def scored(self, like: Responses) -> list[Scored]:
        """All that was measured on the rows that were answered, on whoever's answers."""
        return self._scored[self.rows(like)]

    def policies(self, purpose: str) -> list[Entry]:
        """The policies of one purpose, oldest first."""
        return self._policies[purpose]

    def last_move(self, alias: str) -> AliasMove | None:
        """The last move of an alias."""
        return self._moves.get(alias)

    def served(self, alias: str) -> str | None:
        """The adapter that an alias pointed at; None stands for the base, also before the first move."""
        move = self._moves.get(alias)
        return move.adapter if move else None

    def left(self) -> str | None:
        """Whom the last move of the champion took down."""
        move = self._moves.get("champion")
        before = self.held(move.previous, AliasMove) if move else None
        return before.adapter if before else None

    def before_fallback(self) -> str | None:
        """The fallback that is due after a rollback: the champion before the one that serves, unless it just left."""
        promoted = self._promoted.get(self.served("champion"))
        before = self.held(promoted.previous, AliasMove) if promoted else None
        return before.adapter if before and before.adapter != self.left() else None

    def overtaken(self, decision: str | None, adapter: str) -> Iterator[str]:
        """What was put on record against an adapter after a decision on it, by the decision's id."""
        against = self._against[adapter]
        places = [place for place, (id_, _) in enumerate(against) if id_ == decision]
        yield from (what for _, what in against[places[-1] + 1 :] if what) if places else ()

    def _move(self, move: AliasMove) -> None:
        self._moves[move.alias] = move
        if move.alias != "champion":
            return
        if move.reason is MoveReason.PROMOTED:
            self._promoted[move.adapter] = move
        else:
            self._against[self.left()].append(("", "the adapter that was promoted had been rolled back since"))

    def _decide(self, id_: str, decision: Decision) -> None:
        policy = self.held(decision.policy, Policy)
        what = ""
        if policy is not None and policy.purpose == "release" and not decision.exploratory:
            what = f"a newer decision on this adapter said {decision.outcome}"
        elif policy is not None and policy.purpose == "regression" and decision.outcome is DecisionOutcome.REFUSED:
            what = "it had been decided since that this adapter has regressed"
        self._against[decision.adapter].append((id_, what))
