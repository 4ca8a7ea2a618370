"""Sample: as many rows as can be had in the shares that a project wants by provenance, in every stratum of its labels.

Rows are never doubled. A stratum that is short of one kind gives as many of the others as the shares allow.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from qlora_gov.plugin.specs import Drop
from qlora_gov.records.dataset import Mixing, Shortfall
from qlora_gov.records.example import Example
from qlora_gov.stats import apportioned

OUTSIDE = "of no provenance in the mix"
BEYOND = "beyond the mix"
WHOLE, EXACT = 10, 0.05
"""Strata of so many rows or more are no further off the shares than this."""

_ROUNDS = 20

Cell = tuple[str, str]
"""A stratum and a provenance."""


@dataclass
class Sampler:
    """A step that judges the set: it drops what the mix leaves no room for, and says what the mix was short of.

    Attributes:
        target: the share of each provenance; they sum to 1.
        by: labels whose values make the strata; none where only the totals count.
        seed: of which rows of a cell are taken.
    """

    target: Mapping[str, float]
    by: tuple[str, ...]
    seed: int
    mixing: Mixing | None = field(default=None, init=False)

    @property
    def told(self) -> dict[str, JsonValue]:
        """What determines which rows are taken."""
        return {"target": dict(self.target), "by": list(self.by), "seed": self.seed}

    @staticmethod
    def said_by(mixing: Mixing) -> dict[str, JsonValue]:
        """The same, as a record says it."""
        return {"target": dict(mixing.target), "by": list(mixing.by), "seed": mixing.seed}

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """Provenance, group and stratum of each row."""
        return [json.dumps([row.provenance, row.group, self._stratum(row)]).encode() for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """The rows that go; what was wanted and had is :attr:`mixing` then."""
        drops: dict[int, Drop] = {}
        groups: defaultdict[str, list[tuple[int, Cell]]] = defaultdict(list)
        for place, sketch in enumerate(sketches):
            provenance, group, stratum = json.loads(sketch)
            if self.target.get(provenance):
                groups[group].append((place, (stratum, provenance)))
            else:
                drops[place] = Drop(OUTSIDE)
        had = Counter(cell for rows in groups.values() for _, cell in rows)
        taken = self._taken(groups, had)
        drops |= {place: Drop(BEYOND) for group, rows in groups.items() if group not in taken for place, _ in rows}
        self.mixing = self._told(had, Counter(cell for group in taken for _, cell in groups[group]))
        return drops

    def _stratum(self, row: Example) -> str:
        labels = {"intent": row.intent, "language": row.language} | dict(row.extra)
        return ", ".join(f"{name} {labels.get(name) or 'not stated'}" for name in self.by)

    def _taken(self, groups: Mapping[str, Sequence[tuple[int, Cell]]], had: Counter[Cell]) -> list[str]:
        """The groups that stay, each whole. What whole groups leave open is taken off the other kinds, too."""
        order = sorted(groups, key=lambda group: hashlib.sha256(f"{self.seed} {group}".encode()).digest())
        for _ in range(_ROUNDS):
            room = quotas(had, self.target)
            wanted, order = Counter(room), [group for group in order if _fits(groups[group], room)]
            had = Counter(cell for group in order for _, cell in groups[group])
            if had == wanted:
                break
        return order

    def _told(self, had: Counter[Cell], taken: Counter[Cell]) -> Mixing:
        short = []
        strata: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (stratum, kind), rows in sorted(taken.items()):
            strata[stratum][kind] = rows
        for stratum in sorted({stratum for stratum, _ in had}):
            most = max(had[stratum, kind] / share for kind, share in self.target.items() if share)
            for kind, share in self.target.items():
                if had[stratum, kind] < (wanted := math.floor(most * share)):
                    short.append(Shortfall(stratum=stratum, provenance=kind, wanted=wanted, had=had[stratum, kind]))
        by_total = quotas(_by_kind(had), self.target)
        return Mixing(
            target=dict(self.target),
            by=self.by,
            seed=self.seed,
            had=_kinds(had),
            taken=_kinds(taken),
            by_total=sum(by_total.values()),
            strata=strata if self.by else {},
            shortfalls=tuple(short),
        )


def _fits(rows: Sequence[tuple[int, Cell]], room: Counter[Cell]) -> bool:
    """Whether there is room for a whole group; if so, it is taken up."""
    needed = Counter(cell for _, cell in rows)
    if any(room[cell] < count for cell, count in needed.items()):
        return False
    room.subtract(needed)
    return True


def _by_kind(cells: Mapping[Cell, int]) -> Counter[Cell]:
    totals: Counter[Cell] = Counter()
    for (_, kind), rows in cells.items():
        totals["", kind] += rows
    return totals


def _kinds(cells: Mapping[Cell, int]) -> dict[str, int]:
    return {kind: rows for (_, kind), rows in sorted(_by_kind(cells).items())}


def quotas(had: Mapping[Cell, int], target: Mapping[str, float]) -> Counter[Cell]:
    """How many rows of each cell the shares leave room for: in each stratum the most that its scarcest kind allows."""
    room: Counter[Cell] = Counter()
    over: defaultdict[str, float] = defaultdict(float)
    for stratum in sorted({stratum for stratum, _ in had}):
        available = {kind: had.get((stratum, kind), 0) for kind in target}
        most = min(math.floor(available[kind] / share + 1e-9) for kind, share in target.items() if share)
        counts = next(filter(None, (_apportioned(rows, available, target, over) for rows in range(most, 0, -1))), {})
        for kind, count in counts.items():
            room[stratum, kind] = count
            over[kind] += count - sum(counts.values()) * target[kind]
    return +room


def _apportioned(
    rows: int, available: Mapping[str, int], target: Mapping[str, float], over: Mapping[str, float]
) -> dict[str, int] | None:
    """So many rows by largest remainders, those first that strata before had too few of.

    None where that is more than :data:`EXACT` off in a stratum of :data:`WHOLE` rows or more, or more than there is.
    """
    counts = apportioned(rows, target, over)
    off = max(abs(count / rows - target[kind]) for kind, count in counts.items())
    if any(counts[kind] > available[kind] for kind in counts) or (rows >= WHOLE and off > EXACT):
        return None
    return counts
