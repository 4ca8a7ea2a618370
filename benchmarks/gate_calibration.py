"""How often a gate is wrong, by simulation: false passes, coverage and power of the engine in qlora_gov.stats.

Each cell, a setting at a number of rows, draws paired rows whose true contrast lies exactly on the margin (false
passes, what a bare point threshold would pass, and in the playbook's settings the coverage of the 95% interval), and
rows of two systems that do not differ (power). The newest revision of the methods judges the same draws as the one
before, "before -> now". A cell that passes more than .053 is drawn again, from fresh seeds and more often, and that
figure decides. What the safeguards of the newest revision cost is printed, and is no miss: intervals that hold the
truth in more than .97, and power that theory would have. Run:

    python benchmarks/gate_calibration.py [--repetitions 2000] [--rows 50 200 1000] [--setting NAME ...] [--check]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import Pool

import numpy as np
from gate_grid import grid_settings
from gate_settings import ALPHA, Setting, binary, playbook_settings

from qlora_gov.stats import DIFFERENCE, Estimate, estimate, newest_methods, rows_needed

LEVEL = 0.95
MOST_FALSE_PASSES, SUSPECT, LEAST_COVERAGE, MOST_COVERAGE, NEAR_THEORY = 0.06, 0.053, 0.93, 0.97, 0.05
FROM = 200
"""Rows from which wide intervals, and power below that of theory, are counted as what the safeguards cost."""
WIDE, WEAK = "wide", "power below theory"
NEWEST = newest_methods()
REVISIONS = (NEWEST - 1, NEWEST)
HEADER = ("setting", "rows", "method", "false pass", "coverage", "given", "point passes", "power at no difference", "")
PLAYBOOK = {setting.name: setting for setting in playbook_settings()}
SETTINGS = PLAYBOOK | {setting.name: setting for setting in grid_settings()}


@dataclass
class Tally:
    """What one revision of the methods made of the draws of a cell."""

    method: str = ""
    repetitions: int = 0
    passes: int = 0
    given: int = 0
    covered: int = 0
    points: int = 0
    equal: int = 0
    equal_passes: int = 0

    @property
    def false_passes(self) -> float:
        """The share of the candidates on the margin that passed."""
        return self.passes / self.repetitions

    @property
    def coverage(self) -> float:
        """The share of the intervals given that hold the truth."""
        return self.covered / self.given if self.given else float("nan")

    @property
    def power(self) -> float:
        """The share of the candidates without a difference that passed."""
        return self.equal_passes / self.equal if self.equal else float("nan")


@dataclass(frozen=True)
class Cell:
    """A setting by its name, at a number of rows; ``seed`` 0 draws first, another one afresh."""

    name: str
    rows: int
    repetitions: int
    power_repetitions: int
    seed: int = 0
    revisions: tuple[int, ...] = REVISIONS


@dataclass
class Result:
    """A cell with what each revision made of it, what the newest misses, and what its safeguards cost."""

    cell: Cell
    tallies: dict[int, Tally]
    problems: list[str] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)


def simulate(cell: Cell) -> Result:
    """Draw and judge."""
    setting = SETTINGS[cell.name]
    rng = np.random.default_rng([cell.seed, cell.rows, *cell.name.encode()])
    result = Result(cell, {revision: Tally() for revision in cell.revisions})
    for differs, repetitions in ((True, cell.repetitions), (False, cell.power_repetitions)):
        for _ in range(repetitions):
            drawn = setting.compare(rng, cell.rows, differs=differs)
            for revision, tally in result.tallies.items():
                found = estimate(replace(drawn, methods=revision), setting.hypothesis.contrast)
                (count if differs else count_equal)(tally, setting, found)
    return result


def count(tally: Tally, setting: Setting, found) -> None:
    """Count a candidate on the margin."""
    hypothesis = setting.hypothesis
    tally.repetitions += 1
    tally.points += found.value is not None and (found.value > hypothesis.limit) == hypothesis.above
    if isinstance(found, Estimate):
        tally.method = found.method
        tally.given += 1
        if setting.name in PLAYBOOK:
            low, high = found.interval(LEVEL)
            tally.covered += low <= setting.truth <= high
        tally.passes += hypothesis.holds(found, ALPHA)


def count_equal(tally: Tally, setting: Setting, found) -> None:
    """Count a candidate that does not differ."""
    tally.equal += 1
    tally.equal_passes += isinstance(found, Estimate) and setting.hypothesis.holds(found, ALPHA)


def check(result: Result) -> None:
    """Write down what the newest revision misses, and what it costs."""
    setting, rows, tally = SETTINGS[result.cell.name], result.cell.rows, result.tallies[NEWEST]
    if setting.known:
        return
    if tally.false_passes > MOST_FALSE_PASSES:
        result.problems.append("false passes")
    if setting.name not in PLAYBOOK:
        return
    if tally.coverage < LEAST_COVERAGE:
        result.problems.append("coverage")
    if setting.continuous and rows >= FROM and tally.coverage > MOST_COVERAGE:
        result.costs.append(WIDE)
    if setting.theory and rows >= FROM and tally.equal and setting.theory(rows) - tally.power > NEAR_THEORY:
        result.costs.append(WEAK)


def show(result: Result) -> None:
    """One line of the table."""
    setting, tallies = SETTINGS[result.cell.name], list(result.tallies.values())
    expected = f" (theory {setting.theory(result.cell.rows):.3f})" if setting.theory else ""
    cells = [
        setting.name,
        str(result.cell.rows),
        tallies[-1].method or "none",
        *(
            " -> ".join(f"{value:.3f}" for value in values)
            for values in (
                [tally.false_passes for tally in tallies],
                [tally.coverage for tally in tallies] if setting.name in PLAYBOOK else [],
                [tally.given / tally.repetitions for tally in tallies],
                [tallies[-1].points / tallies[-1].repetitions],
                [tally.power for tally in tallies],
            )
        ),
        ", ".join(result.problems + result.costs) or ("known" if setting.known else ""),
    ]
    cells[7] += expected
    print("| " + " | ".join(cells) + " |", flush=True)


def run(pool, cells: Sequence[Cell]) -> Iterable[Result]:
    """The cells' results in their order, each shown as it comes."""
    print("| " + " | ".join(HEADER) + " |\n" + "|---" * len(HEADER) + "|", flush=True)
    for result in pool.imap(simulate, cells):
        check(result)
        show(result)
        yield result


def again(pool, suspects: Sequence[Result], repetitions: int) -> None:
    """Draw suspects afresh, with the newest revision only; what misses then is what misses."""
    print(f"\n{len(suspects)} cells passed more than {SUSPECT:g}; drawn afresh, {repetitions:,} times each:\n")
    cells = [replace(one.cell, seed=1, repetitions=repetitions, power_repetitions=0) for one in suspects]
    cells = [replace(cell, revisions=(NEWEST,)) for cell in cells]
    for suspect, result in zip(suspects, run(pool, cells), strict=True):
        suspect.problems = result.problems
        suspect.tallies[NEWEST].repetitions = result.tallies[NEWEST].repetitions
        suspect.tallies[NEWEST].passes = result.tallies[NEWEST].passes


def summary(results: Sequence[Result]) -> None:
    """The worst cell of each family, and the power that the newest revision costs where the one before held."""
    families: dict[str, list[Result]] = {}
    for result in results:
        if not SETTINGS[result.cell.name].known:
            families.setdefault(result.cell.name[0], []).append(result)
    print("\n| family | cells | above .06 before | worst before | worst now | where | power where before held |")
    print("|---|---|---|---|---|---|---|")
    for family, members in families.items():
        before, now = ([one.tallies[revision] for one in members] for revision in REVISIONS)
        worst = max(members, key=lambda one: one.tallies[NEWEST].false_passes)
        held = [(old.power, new.power) for old, new in zip(before, now, strict=True) if old.false_passes <= 0.06]
        power = " -> ".join(f"{np.mean(side):.3f}" for side in zip(*held, strict=True)) if held else "none held"
        print(
            f"| {family} | {len(members)} | {sum(tally.false_passes > MOST_FALSE_PASSES for tally in before)} "
            f"| {max(tally.false_passes for tally in before):.3f} | {worst.tallies[NEWEST].false_passes:.3f} "
            f"| {worst.cell.name[2:]}, {worst.cell.rows} rows | {power} |"
        )


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
    """Print the tables; with --check, 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--power-repetitions", type=int, default=500)
    parser.add_argument(
        "--again", type=int, default=20_000, help="repetitions of a cell that passes too often at first"
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 200, 1000], help="of settings that name none")
    parser.add_argument("--setting", nargs="+", default=[""], help="settings whose names begin so; all by default")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is missed")
    asked = parser.parse_args()
    cells = [
        Cell(setting.name, rows, asked.repetitions, asked.power_repetitions)
        for setting in SETTINGS.values()
        if setting.name.startswith(tuple(asked.setting))
        for rows in setting.sizes or asked.rows
    ]
    with Pool(asked.processes) as pool:
        results = list(run(pool, cells))
        suspects = [
            one for one in results if one.tallies[NEWEST].false_passes > SUSPECT and not SETTINGS[one.cell.name].known
        ]
        if suspects and asked.again:
            again(pool, suspects, asked.again)
    summary(results)
    costs = Counter(cost for one in results for cost in one.costs)
    print(f"\nThe safeguards' cost: {costs[WIDE]} cells {WIDE}, {costs[WEAK]} with {WEAK}.")
    playbook(asked.repetitions)
    return 1 if asked.check and any(one.problems for one in results) else 0


if __name__ == "__main__":
    sys.exit(main())
