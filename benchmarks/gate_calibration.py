"""How often a gate is wrong, by simulation: false passes, coverage and power of the engine in qlora_gov.stats.

Each setting draws paired rows whose true contrast lies exactly on the margin (false passes, coverage of the 95%
interval, what a bare point threshold would pass), and rows of two systems that do not differ (power). Run:

    python benchmarks/gate_calibration.py [--repetitions 4000] [--rows 50 200 1000] [--setting NAME ...] [--check]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field

import numpy as np
from gate_settings import ALPHA, Setting, binary, settings

from qlora_gov.stats import DIFFERENCE, Estimate, estimate, rows_needed

LEVEL = 0.95
MOST_FALSE_PASSES, LEAST_COVERAGE, MOST_COVERAGE, NEAR_THEORY = 0.06, 0.93, 0.97, 0.05
FROM = 200
"""Rows from which an interval may not be too wide, and power must be what theory says."""
HEADER = ("setting", "rows", "false pass", "coverage", "given", "point passes", "power at no difference", "missed")


@dataclass
class Tally:
    """What came of the repetitions of one setting."""

    repetitions: int = 0
    passes: int = 0
    given: int = 0
    covered: int = 0
    points: int = 0
    equal: int = 0
    equal_passes: int = 0
    problems: list[str] = field(default_factory=list)


def simulate(setting: Setting, n: int, repetitions: int, power_repetitions: int) -> Tally:
    """Draw and judge."""
    rng = np.random.default_rng([n, *setting.name.encode()])
    tally = Tally()
    for _ in range(repetitions):
        found = estimate(setting.compare(rng, n, differs=True), setting.hypothesis.contrast)
        tally.repetitions += 1
        tally.points += found.value is not None and (found.value > setting.hypothesis.limit) == setting.hypothesis.above
        if isinstance(found, Estimate):
            low, high = found.interval(LEVEL)
            tally.given += 1
            tally.covered += low <= setting.truth <= high
            tally.passes += setting.hypothesis.holds(found, ALPHA)
    for _ in range(power_repetitions):
        found = estimate(setting.compare(rng, n, differs=False), setting.hypothesis.contrast)
        tally.equal += 1
        tally.equal_passes += isinstance(found, Estimate) and setting.hypothesis.holds(found, ALPHA)
    check(setting, n, tally)
    return tally


def check(setting: Setting, n: int, tally: Tally) -> None:
    """Write down what misses its figure."""
    if tally.passes > MOST_FALSE_PASSES * tally.repetitions:
        tally.problems.append("false passes")
    if tally.covered < LEAST_COVERAGE * tally.given:
        tally.problems.append("coverage")
    if setting.continuous and n >= FROM and tally.covered > MOST_COVERAGE * tally.given:
        tally.problems.append("too wide")
    if setting.theory and n >= FROM and abs(tally.equal_passes / tally.equal - setting.theory(n)) > NEAR_THEORY:
        tally.problems.append("power")


def show(setting: Setting, n: int, tally: Tally) -> None:
    """One line of the table."""
    shares = [tally.passes / tally.repetitions, tally.covered / tally.given if tally.given else float("nan")]
    shares += [tally.given / tally.repetitions, tally.points / tally.repetitions]
    expected = f" (theory {setting.theory(n):.3f})" if setting.theory else ""
    power = f"{tally.equal_passes / tally.equal:.3f}{expected}"
    cells = [setting.name, str(n), *(f"{share:.3f}" for share in shares), power, ", ".join(tally.problems)]
    print("| " + " | ".join(cells) + " |", flush=True)


def playbook(repetitions: int) -> None:
    """The playbook's own review: 200 prompts, five points, 20% discordant rows."""
    setting = binary(0.2, 0.05, "playbook, 200 prompts")
    rng = np.random.default_rng(7)
    found = [estimate(setting.compare(rng, 200, differs=False), DIFFERENCE) for _ in range(repetitions)]
    undecided = np.mean(
        [not (setting.hypothesis.holds(one, ALPHA) or setting.hypothesis.fails(one, ALPHA)) for one in found]
    )
    rows = np.median([rows_needed(one, 0.05, ALPHA) for one in found])
    print("\nThe playbook's review: 200 prompts, a margin of 5 points, 20% discordant rows, no difference:")
    print(f"{undecided:.3f} of {repetitions} runs are inconclusive; the median run says that {rows:.0f} rows decide.")


def main() -> int:
    """Print the table; with --check, 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--power-repetitions", type=int, default=1000)
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--setting", nargs="+", help="settings whose names begin so; all by default")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is missed")
    asked = parser.parse_args()
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|")
    problems = 0
    for setting in settings():
        if asked.setting and not setting.name.startswith(tuple(asked.setting)):
            continue
        for n in asked.rows:
            tally = simulate(setting, n, asked.repetitions, asked.power_repetitions)
            show(setting, n, tally)
            problems += len(tally.problems)
    playbook(asked.repetitions)
    return 1 if asked.check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
