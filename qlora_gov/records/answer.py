"""What a subject says to one row: its answer, and how likely it finds the reference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LogLikelihood:
    """How a subject sees the reference answer: summed negative log-likelihood in nats, tokens, UTF-8 bytes."""

    nll: float
    tokens: int
    bytes: int


@dataclass(frozen=True)
class Answer:
    """A response, and why it ended: ``stop`` at an end-of-turn token, else ``length``.

    ``likelihood`` is that of the reference, where it was asked for.
    """

    response: str
    finish: str
    likelihood: LogLikelihood | None = None
