"""From seeds and a model to labelled rows, in the order of the prompts, whatever the order of the answers."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from qlora_gov.plugin.specs import Progress
from qlora_gov.records.example import Example
from qlora_gov.records.synthesis import Budget, Endpoint
from qlora_gov.stages.synthesise.asking import Asked, Asking
from qlora_gov.stages.synthesise.endpoint import Client
from qlora_gov.stages.synthesise.journal import Completion, Journal
from qlora_gov.stages.synthesise.prompting import Maker, Request
from qlora_gov.stages.synthesise.spending import Most, Spending


@dataclass
class Making:
    """Requests, their answers so far, and the rows that these make."""

    maker: Maker
    requests: Sequence[Request]
    endpoint: Endpoint
    budget: Budget
    journal: Journal
    progress: Progress
    _made: dict[str, list[Example]] = field(default_factory=dict)
    _refused: Counter[str] = field(default_factory=Counter)
    _rows: int = 0

    @property
    def missing(self) -> list[Request]:
        """The requests whose answers are not there."""
        return [request for request in self.requests if request.key not in self.journal.had]

    @property
    def spending(self) -> Spending:
        """What the answers of the journal took, those to requests of earlier settings too."""
        return Spending(self.budget, self.endpoint, self.journal.had.values())

    @property
    def most(self) -> Most:
        """The most that the missing answers can take; those without a limit count as nothing."""
        spending = self.spending
        each = [spending.most(request.prompt.messages) for request in self.missing]
        return Most(sum(one.tokens for one in each), math.fsum(one.money for one in each))

    def ask(self, key: Callable[[], str | None]) -> Asked:
        """Ask for what is missing, with an API key that is read only then."""
        missing = self.missing
        for request in self.requests:
            if request.key in self.journal.had:
                self._heard(request, self.journal.had[request.key])
        if not missing:
            return Asked()
        client = Client(self.endpoint, key(), lambda note: self.progress.advance(0, note))
        self.progress.begin(f"asking {self.endpoint.model}", len(self.requests))
        self.progress.advance(len(self.requests) - len(missing))
        asking = Asking(client, self.endpoint, self.journal, self.spending, self._heard, self.progress)
        return asyncio.run(asking.ask(missing))

    @property
    def rows(self) -> list[Example]:
        """The rows of all answers, in the order of the requests."""
        return [row for request in self.requests for row in self._made.get(request.key, ())]

    @property
    def told(self) -> dict[str, Any]:
        """What a manifest says of the answers; the same ones give the same, in whichever order they came."""
        had = [self.journal.had[request.key] for request in self.requests if request.key in self.journal.had]
        currencies = sorted({one.currency for one in had if one.currency is not None})
        return {
            "complete": len(had) == len(self.requests),
            "models": dict(sorted(Counter(one.model for one in had).items())),
            "urls": tuple(sorted({one.url for one in had})),
            "prompts": len(self.requests),
            "answers": len(had),
            "refused": dict(sorted(self._refused.items())),
            "input_tokens": sum(one.input or 0 for one in had),
            "output_tokens": sum(one.output or 0 for one in had),
            "unmetered": sum(one.input is None for one in had),
            "costs": {unit: math.fsum(one.cost or 0 for one in had if one.currency == unit) for unit in currencies},
        }

    def _heard(self, request: Request, completion: Completion) -> str:
        """Make the rows of an answer, and say how many there are."""
        self._made[request.key], refused = self.maker.rows(request, completion)
        self._rows += len(self._made[request.key])
        self._refused.update(refused)
        return f"{self._rows:,} rows, {self._refused.total():,} refused"
