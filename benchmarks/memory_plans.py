"""How steps of large bases would be taken under a card's memory: predictions alone, no model is made.

    python benchmarks/memory_plans.py [--length 2048] [--rows 4] [--rank 64]

NF4 with double quantisation, the adapter on queries, keys, values and outputs. `train_gpu.py` holds such predictions
against what a step takes, for the shapes that fit its card.
"""

from __future__ import annotations

import argparse
import sys

from qlora_gov import TrainingError
from qlora_gov_trainers.step.memory import GB, Shape, planned

SHAPES = {
    "8B": (32, 4096, 32, 8, 14336, 128256),
    "33B": (60, 6656, 52, 52, 17920, 32000),
    "65B": (80, 8192, 64, 64, 22016, 32000),
    "70B": (80, 8192, 64, 8, 28672, 128256),
}
"""Of Llama's models: layers, width, heads of queries and of keys, inner width, vocabulary."""
BUDGETS = (24, 48, 80)
WIDTH, A_WEIGHT, A_VALUE = 128, 0.5 + 1 / 64 + 4 / (64 * 256), 2
"""Of a head; bytes of a weight in NF4 with its scale and that one's scale; bytes of a value in bfloat16."""


def shape_of(name: str, rank: int) -> Shape:
    """What decides the memory of a step, from a model's configuration."""
    layers, hidden, heads, groups, inner, vocabulary = SHAPES[name]
    queries, keys = heads * WIDTH, groups * WIDTH
    adapted = ((hidden, queries), (hidden, keys), (hidden, keys), (queries, hidden))
    linears = sum(rows * columns for rows, columns in adapted) + 3 * hidden * inner
    around = 2 * vocabulary * hidden + (2 * layers + 1) * hidden
    return Shape(
        layers=layers,
        hidden=hidden,
        queries=queries,
        keys=keys,
        heads=heads,
        inner=inner,
        linears=linears,
        ranks=len(adapted) * rank,
        vocabulary=vocabulary,
        frozen=round(layers * linears * A_WEIGHT + around * A_VALUE),
        trained=layers * rank * sum(map(sum, adapted)),
        size=A_VALUE,
    )


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--rank", type=int, default=64)
    asked = parser.parse_args()
    for name in SHAPES:
        for budget in BUDGETS:
            try:
                plan = str(planned(shape_of(name, asked.rank), asked.length, asked.rows, budget * GB))
            except TrainingError as error:
                plan = f"refused: {str(error).partition('; ')[2].partition(',')[0]}"
            print(f"{name:>4} under {budget} GB   {plan}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
