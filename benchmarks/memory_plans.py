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
    "8B": (32, 4096, 1024, 32, 14336, 128256),
    "33B": (60, 6656, 6656, 52, 17920, 32000),
    "65B": (80, 8192, 8192, 64, 22016, 32000),
    "70B": (80, 8192, 1024, 64, 28672, 128256),
}
"""Of Llama's models: layers, width, width of keys, heads, inner width, vocabulary."""
BUDGETS = (24, 48, 80)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--rank", type=int, default=64)
    asked = parser.parse_args()
    for name, widths in SHAPES.items():
        shape = Shape.of_llama(*widths, rank=asked.rank)
        for budget in BUDGETS:
            try:
                plan = str(planned(shape, asked.length, asked.rows, budget * GB))
            except TrainingError as error:
                plan = f"refused: {str(error).partition('; ')[2].partition(',')[0]}"
            print(f"{name:>4} under {budget} GB   {plan}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
