"""A step that leaves one part of the rows, so that a training and an evaluation set come from the same sources."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field, model_validator

from qlora_gov import DataError, Drop, Example, Settings
from qlora_gov_data.texts import dialogue, squeezed

ELSEWHERE = "in another part"


class SplitSettings(Settings):
    """Which part stays, and how rows are divided; all but ``part`` must be the same wherever the rows are split."""

    part: str = Field(description="the part that stays, one of those in shares")
    shares: Mapping[str, float] = Field(description="parts to their shares of the rows; they sum to 1")
    by: tuple[str, ...] = Field(
        default=(), description="labels, such as intent; the shares hold in every stratum of rows with the same ones"
    )
    seed: int = Field(default=0, ge=0, lt=2**32, description="which rows are in which part")

    @model_validator(mode="after")
    def _divides(self) -> SplitSettings:
        total = sum(self.shares.values())
        if any(share <= 0 for share in self.shares.values()) or not math.isclose(total, 1, abs_tol=1e-6):
            raise ValueError(f"shares must be above 0 and sum to 1, not to {total:g}")
        if len(self.shares) < 2:
            raise ValueError("shares must have two parts or more")
        if self.part not in self.shares:
            raise ValueError(f"part {self.part!r} is none of those in shares: {', '.join(self.shares)}")
        return self


class _Cluster(NamedTuple):
    """Rows that stay together, by their places, and their own place in the order that the seed makes."""

    order: bytes
    places: Sequence[int]


_Told = Sequence[tuple[Sequence[str | None], Sequence[object]]]
"""Of each row what it shares with others, and its labels."""


class Split:
    """Drops the rows of all parts but one. Every part is chosen from the same rows, so that no two have one in common.

    Rows that share a group or a prompt, directly or by way of others, stay together. In each stratum parts have their
    shares by largest remainders, as near as whole clusters come to them; what one stratum gives a part too much of,
    later ones take back. The order of the rows does not matter.
    """

    def __init__(self, settings: SplitSettings) -> None:
        self._settings = settings

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """What each row shares with others, and its labels."""
        return [self._sketched(row) for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """The rows of other parts.

        Raises:
            DataError: no row has one of the labels, or the part's share is too small for any cluster.
        """
        told = [json.loads(sketch) for sketch in sketches]
        for at, label in enumerate(self._settings.by):
            if told and all(labels[at] is None for _, labels in told):
                raise DataError(f"split: no row has a label {label!r}, which 'by' names")
        part, parts = self._settings.part, self._parts(ids, told)
        if told and part not in parts.values():
            raise DataError(
                f"split: {part!r} gets none of {len(told)} rows: those that share a group or a prompt stay together, "
                f"and none are as few as its share, {self._settings.shares[part]:g}"
            )
        return {place: Drop(ELSEWHERE) for place, one in parts.items() if one != part}

    def _sketched(self, row: Example) -> bytes:
        labels = {"provenance": row.provenance, "intent": row.intent, "language": row.language} | dict(row.extra)
        asked = squeezed(dialogue(row.prompt), "passed_over").encode(errors="surrogatepass")
        prompt = hashlib.blake2b(asked, digest_size=16).hexdigest() if asked else None
        return json.dumps([[row.group, prompt], [labels.get(name) for name in self._settings.by]]).encode()

    def _parts(self, ids: Sequence[str], told: _Told) -> dict[int, str]:
        """The part of each row."""
        from qlora_gov import apportioned

        shares = self._settings.shares
        *small, largest = sorted(shares, key=lambda part: (shares[part], part))
        parts: dict[int, str] = {}
        due = dict.fromkeys(shares, 0.0)
        for clusters in self._strata(ids, told):
            rows = sum(len(cluster.places) for cluster in clusters)
            due = {part: due[part] + share * rows for part, share in shares.items()}
            open_ = {part: max(0.0, count) for part, count in due.items()}
            room = apportioned(rows, {part: count / sum(open_.values()) for part, count in open_.items()})
            for cluster in clusters:
                size = len(cluster.places)
                part = next((part for part in small if size <= 2 * room[part]), largest)
                room[part] -= size
                due[part] -= size
                parts |= dict.fromkeys(cluster.places, part)
        return parts

    def _strata(self, ids: Sequence[str], told: _Told) -> Iterator[list[_Cluster]]:
        """The clusters of each stratum; those whose rows are of several make one of their own."""
        from qlora_gov import linked

        members: defaultdict[int, list[int]] = defaultdict(list)
        for place, cluster in enumerate(linked([shared for shared, _ in told])):
            members[cluster].append(place)
        strata: defaultdict[tuple[str, ...], list[_Cluster]] = defaultdict(list)
        for places in members.values():
            order = min(hashlib.sha256(f"{self._settings.seed} {ids[place]}".encode()).digest() for place in places)
            labels = sorted({json.dumps(told[place][1], sort_keys=True) for place in places})
            strata[tuple(labels)].append(_Cluster(order, places))
        return (sorted(strata[labels]) for labels in sorted(strata))
