"""Held-out perplexity of the reference answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlora_gov import EvaluatedRow, ratio


class Perplexity:
    """exp of the mean negative log-likelihood for each token, or each UTF-8 byte, of the references.

    Tokens are the tokenizer's own units, so two subjects of different tokenizers compare for each byte only.
    """

    def __init__(self, unit: Literal["tokens", "bytes"]) -> None:
        self._unit = unit

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Nats and units ``[n, 2]``; a row is scored where its reference has a unit and a likelihood ``[n]``."""
        pairs = [
            (0, 0) if (seen := row.loglikelihood) is None else (seen.nll, getattr(seen, self._unit)) for row in rows
        ]
        stats = np.array(pairs, dtype=np.float64).reshape(len(rows), 2)
        return stats, stats[:, 1] > 0

    def aggregate(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """exp(nats / units), ``[..., 2]`` to ``[...]``; NaN over no units, infinite beyond float64."""
        with np.errstate(over="ignore"):
            return np.exp(ratio(sums))
