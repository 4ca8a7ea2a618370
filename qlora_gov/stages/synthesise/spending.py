"""A budget: what was spent, and whether there is room for one more request, whatever it will take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qlora_gov.canonical import canonical_json
from qlora_gov.records.example import Message
from qlora_gov.records.synthesis import Budget, Endpoint
from qlora_gov.stages.synthesise.journal import Completion

_FRAME = 16
"""Tokens that a chat template may put around a message, and around all of them."""


class Most(NamedTuple):
    """The most that a request can take."""

    tokens: int
    money: float


class Spending:
    """Tokens and money: of answers that were had, and of requests under way, each counted at the most it can take."""

    def __init__(self, budget: Budget, endpoint: Endpoint, had: Iterable[Completion]) -> None:
        self._budget = budget
        self._endpoint = endpoint
        self._prices = endpoint.prices
        self._parameters = len(canonical_json(dict(endpoint.parameters)))
        self._under_way: list[Most] = []
        self.tokens, self.money = 0, 0.0
        for completion in had:
            self._add(completion)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def most(self, messages: Sequence[Message]) -> Most:
        """The most that a request can take, known without the model's tokenizer: no token has less than a byte.

        An answer without a limit counts as nothing; no budget goes without one.
        """
        given = sum(len(message.content.encode()) + _FRAME for message in messages) + _FRAME + self._parameters
        answered = self._endpoint.most or 0
        return Most(given + answered, self.cost(given, answered) or 0.0)

    def cost(self, given: int, answered: int) -> float | None:
        """What so many tokens cost, where the prices are known."""
        return None if self._prices is None else (given * self._prices.input + answered * self._prices.output) / 1e6

    def begin(self, most: Most) -> bool:
        """Count a request as under way, where the budget has room for it."""
        tokens = self.tokens + most.tokens + sum(one.tokens for one in self._under_way)
        money = self.money + most.money + sum(one.money for one in self._under_way)
        room = self._budget.tokens is None or tokens <= self._budget.tokens
        room = room and (self._budget.money is None or money <= self._budget.money)
        if room:
            self._under_way.append(most)
        return room

    def end(self, most: Most, completion: Completion | None) -> None:
        """Count what a request took that is no longer under way: nothing where it got no answer."""
        self._under_way.remove(most)
        if completion is not None:
            self._add(completion)

    def _add(self, completion: Completion) -> None:
        self.tokens += completion.tokens
        if self._prices is not None and completion.currency == self._prices.currency:
            self.money += completion.cost or 0.0
