"""Rows padded to a batch, as any trainer of transformers takes them: what packed rows are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qlora_gov.models.chat import IGNORED, Tokenised


def collate(rows: Sequence[Tokenised], pad: int) -> dict[str, Any]:
    """``input_ids``, ``attention_mask`` and ``labels`` ``[b, t]``, padded on the right."""
    import torch

    width = max(len(row.ids) for row in rows)
    gaps = [width - len(row.ids) for row in rows]
    return {
        "input_ids": torch.tensor([row.ids + [pad] * gap for row, gap in zip(rows, gaps, strict=True)]),
        "attention_mask": torch.tensor([[1] * (width - gap) + [0] * gap for gap in gaps]),
        "labels": torch.tensor([row.labels + [IGNORED] * gap for row, gap in zip(rows, gaps, strict=True)]),
    }
