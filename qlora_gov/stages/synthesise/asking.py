"""Asking for every answer that is not there yet: several requests at once, within a budget, each answer kept."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qlora_gov.plugin.specs import Progress
from qlora_gov.records.synthesis import Endpoint
from qlora_gov.stages.synthesise.endpoint import Body, Client, PassingError, UnansweredError
from qlora_gov.stages.synthesise.journal import Completion, Journal
from qlora_gov.stages.synthesise.prompting import Request
from qlora_gov.stages.synthesise.spending import Most, Spending

IN_A_ROW = 10
"""Requests without an answer, one after the other, after which no more are made."""


@dataclass
class Asked:
    """What asking came to, besides the answers: requests without one by the reason, and whether it went to its end.

    ``said`` is what was said of the last request without an answer; ``retries`` and ``waited`` (seconds) are of all.
    """

    requests: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)
    said: str = ""
    over_budget: bool = False
    retries: int = 0
    waited: float = 0.0


@dataclass
class Asking:
    """Requests on their way to an endpoint. ``heard`` is told of each answer, and gives a note for the display."""

    client: Client
    endpoint: Endpoint
    journal: Journal
    spending: Spending
    heard: Callable[[Request, Completion], str]
    progress: Progress
    asked: Asked = field(default_factory=Asked)
    _in_a_row: int = 0
    _answered: bool = False
    _stopped: bool = False

    async def ask(self, requests: Sequence[Request]) -> Asked:
        """Ask for the answers to requests, in their order.

        It stops where the budget has no room for the next, or no request can go well; those under way come to an end.
        """
        self._room = asyncio.Condition()
        self._left = iter(requests)
        try:
            await asyncio.gather(*(self._work() for _ in range(min(self.endpoint.concurrency, len(requests)))))
        finally:
            await self.client.close()
        self.asked.retries, self.asked.waited = self.client.retries, self.client.waited
        return self.asked

    async def _work(self) -> None:
        for request in self._left:
            most = self.spending.most(request.prompt.messages)
            if not await self._has_room(most):
                return
            completion = None
            try:
                self.asked.requests += 1
                completion = self._kept(request, await self.client.complete(request.prompt.messages), most)
            except UnansweredError as error:
                self._failed(error)
            finally:
                async with self._room:
                    self.spending.end(most, completion)
                    self._room.notify_all()
            if completion is not None:
                self.progress.advance(1, self.heard(request, completion))
            if self._stopped:
                return

    async def _has_room(self, most: Most) -> bool:
        """Wait until the budget has room for a request; False where nothing is under way that could leave some."""
        async with self._room:
            while not self._stopped and not self.spending.begin(most):
                if self.spending.idle:
                    self._stopped = self.asked.over_budget = True
                    self._room.notify_all()
                else:
                    await self._room.wait()
            return not self._stopped

    def _kept(self, request: Request, body: Body, most: Most) -> Completion:
        usage, prices = body.usage, self.endpoint.prices
        cost = most.money if usage is None else self.spending.cost(usage.prompt_tokens, usage.completion_tokens)
        completion = Completion(
            text=body.choices[0].message.content,
            finish=body.choices[0].finish_reason,
            model=body.model,
            url=self.endpoint.url,
            date=datetime.datetime.now(datetime.UTC).date(),
            input=usage.prompt_tokens if usage else None,
            output=usage.completion_tokens if usage else None,
            tokens=most.tokens if usage is None else usage.prompt_tokens + usage.completion_tokens,
            cost=cost if prices else None,
            currency=prices.currency if prices else None,
        )
        self.journal.put(request.key, completion)
        self._in_a_row, self._answered = 0, True
        return completion

    def _failed(self, error: UnansweredError) -> None:
        self.asked.unanswered[error.reason] += 1
        self.asked.said = str(error)
        self._in_a_row += 1
        unreachable = isinstance(error, PassingError) and not self._answered
        if error.hopeless or unreachable or self._in_a_row >= IN_A_ROW:
            self._stopped = True
