"""Replay: let a subject answer some rows again, and compare with what it answered then."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qlora_gov.records import Environment, Frozen
from qlora_gov.records.answer import Answer, LogLikelihood

TOLERANCE = 1e-3
"""To which a log-likelihood is the same, relative: other machines round otherwise."""


class ReplayedRow(Frozen):
    """One row then and now; no text of it. ``likelihood`` is None where none was stored."""

    row: int
    text: bool
    likelihood: bool | None

    @property
    def matches(self) -> bool:
        """Whether all that was stored came again."""
        return self.text and self.likelihood is not False


class Replay(Frozen):
    """What came of a replay.

    ``batches`` are how many were answered again, and how many there are; ``changed`` are the facts of the environment
    that differ, then and now.
    """

    of: int
    batches: tuple[int, int]
    rows: tuple[ReplayedRow, ...]
    changed: tuple[tuple[str, str, str], ...]

    @property
    def matches(self) -> bool:
        """Whether every row came again."""
        return all(row.matches for row in self.rows)

    @property
    def sentence(self) -> str:
        """The match rates, with the tolerance."""
        n = len(self.rows)
        texts = sum(row.text for row in self.rows)
        rated = [row.likelihood for row in self.rows if row.likelihood is not None]
        likely = f"; {sum(rated)} of {len(rated)} log-likelihoods within {TOLERANCE:g} relative" if rated else ""
        whole = f"{self.batches[0]} of the {self.batches[1]} batches that they were answered in"
        return f"{texts} of {n} answers are the same to the character{likely} ({n} of {self.of} rows, in {whole})"


def spread(batches: Sequence[Sequence[int]], count: int) -> list[Sequence[int]]:
    """Whole batches of row numbers, spread evenly over all: as few as hold ``count`` rows, or all of them."""
    fewest = -(-count // max(map(len, batches), default=1))
    for some in range(fewest, len(batches)):
        picked = [batches[at * len(batches) // some] for at in range(some)]
        if sum(map(len, picked)) >= count:
            return picked
    return list(batches)


def compare(
    rows: Sequence[int],
    then: Sequence[Answer],
    now: Sequence[Answer],
    *,
    of: int,
    batches: tuple[int, int],
    changed: Sequence[tuple[str, str, str]],
) -> Replay:
    """Texts must be equal; log-likelihoods agree to :data:`TOLERANCE`, over the same number of tokens."""
    replayed = (
        ReplayedRow(row=row, text=a.response == b.response, likelihood=_likelihood(a.likelihood, b.likelihood))
        for row, a, b in zip(rows, then, now, strict=True)
    )
    return Replay(of=of, batches=batches, rows=tuple(sorted(replayed, key=lambda row: row.row)), changed=tuple(changed))


def environment_changes(then: Environment | None, now: Environment) -> list[tuple[str, str, str]]:
    """What of the environment differs that can change an answer: interpreter, platform, device, threads, packages."""
    if then is None:
        return [("environment", "not on record", now.platform)]
    facts = [(name, getattr(then, name), getattr(now, name)) for name in ("python", "platform", "device", "threads")]
    names = sorted({*then.packages, *now.packages})
    facts += [(name, then.packages.get(name, "none"), now.packages.get(name, "none")) for name in names]
    return [(name, str(old), str(new)) for name, old, new in facts if old != new]


def _likelihood(then: LogLikelihood | None, now: LogLikelihood | None) -> bool | None:
    if then is None:
        return None
    return now is not None and then.tokens == now.tokens and math.isclose(then.nll, now.nll, rel_tol=TOLERANCE)
