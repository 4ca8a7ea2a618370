"""Rows laid end to end: as many as fit a pass, and no padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from qlora_gov.models.chat import IGNORED, Tokenised

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Pack:
    """Where the rows of a pass begin and end. Their tokens are as many positions, one after the other."""

    lengths: tuple[int, ...]

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return max(self.lengths)

    @property
    def alike(self) -> bool:
        """Whether all rows are equally long, so that they are a batch like any."""
        return len(set(self.lengths)) == 1

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """Where each row begins, and where the last one ends."""
        return (0, *accumulate(self.lengths))

    def on(self, device: torch.device) -> torch.Tensor:
        """The bounds as a kernel takes them, int32 ``[rows + 1]``; they are put on a device once."""
        import torch

        held: dict[torch.device, torch.Tensor] = self.__dict__.setdefault("_on", {})
        if device not in held:
            held[device] = torch.tensor(self.bounds, dtype=torch.int32, device=device)
        return held[device]


def passes(rows: Sequence[Tokenised], most: int) -> Iterator[list[Tokenised]]:
    """Share rows among passes of ``most`` tokens at most, a longer row alone: first-fit by decreasing length."""
    bins: list[tuple[int, list[Tokenised]]] = []
    for row in sorted(rows, key=lambda row: -len(row.ids)):
        size = len(row.ids)
        for at, (taken, held) in enumerate(bins):
            if taken + size <= most:
                bins[at] = (taken + size, [*held, row])
                break
        else:
            bins.append((size, [row]))
    return (held for _, held in bins)


def packed(rows: Sequence[Tokenised]) -> dict[str, Any]:
    """Rows as a model takes them: ``input_ids`` and ``position_ids`` ``[1, t]``, and the rows' ``pack``.

    ``labels`` ``[targets]`` are the tokens that carry loss, ``at`` ``[targets]`` the positions that predict them.
    """
    import torch

    pack = Pack(tuple(len(row.ids) for row in rows))
    labels = torch.tensor([label for row in rows for label in row.labels])
    labels[torch.tensor(pack.bounds[:-1])] = IGNORED  # the first token of a row has no prediction
    (targets,) = (labels != IGNORED).nonzero(as_tuple=True)
    return {
        "input_ids": torch.tensor([[token for row in rows for token in row.ids]]),
        "position_ids": torch.cat([torch.arange(length) for length in pack.lengths])[None],
        "labels": labels[targets],
        "at": targets - 1,
        "pack": pack,
    }
