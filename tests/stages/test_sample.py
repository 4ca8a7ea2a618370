from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest

from qlora_gov.plugin.specs import Drop
from qlora_gov.records.dataset import PLAYBOOK, Shortfall
from qlora_gov.records.example import Example
from qlora_gov.stages.sample import BEYOND, OUTSIDE, Sampler, quotas
from tests.stages.toys import example

KINDS = tuple(PLAYBOOK)


def rows_of(counts: dict[tuple[str, str], int], group: int = 1) -> list[Example]:
    """Rows of intents and provenances, ``group`` of them in each group."""
    return [
        example(f"{intent} {kind} {n}", intent=intent, provenance=kind, group=f"{intent} {kind} {n // group}")
        for (intent, kind), count in counts.items()
        for n in range(count)
    ]


def sampled(rows: Sequence[Example], by: tuple[str, ...] = ("intent",), seed: int = 7) -> tuple[Sampler, list[Example]]:
    sampler = Sampler(dict(PLAYBOOK), by, seed)
    drops = sampler.choose([row.id for row in rows], sampler.sketch(rows))
    assert all(isinstance(drop, Drop) for drop in drops.values())
    return sampler, [row for place, row in enumerate(rows) if place not in drops]


def cells(rows: Sequence[Example]) -> Counter[tuple[str, str]]:
    return Counter((str(row.intent), str(row.provenance)) for row in rows)


def counts(rng: random.Random, strata: int, most: int) -> dict[tuple[str, str], int]:
    return {(f"s{number}", kind): rng.randint(0, most) for number in range(strata) for kind in KINDS}


@pytest.mark.parametrize("most", [30, 200, 1_500])
def test_every_stratum_and_the_total_keep_the_shares(most: int) -> None:
    had = counts(random.Random(most), 60, most)
    room = quotas({(stratum, kind): rows for (stratum, kind), rows in had.items()}, PLAYBOOK)
    assert all(0 <= room[cell] <= had[cell] for cell in had)
    for stratum in {stratum for stratum, _ in had}:
        taken = [room[stratum, kind] for kind in KINDS]
        if (rows := sum(taken)) >= 10:
            assert all(abs(n / rows - PLAYBOOK[kind]) <= 0.05 for n, kind in zip(taken, KINDS, strict=True))
        scarcest = min(had[stratum, kind] / PLAYBOOK[kind] for kind in KINDS)
        assert rows >= scarcest - 4, "no more is given away than rounding takes"
    total = sum(room.values())
    for kind in KINDS:
        assert abs(sum(n for (_, one), n in room.items() if one == kind) / total - PLAYBOOK[kind]) <= 0.002


def test_rows_are_taken_by_their_group_and_the_seed_alone_and_none_twice() -> None:
    rows = rows_of({("a", "human"): 60, ("a", "synthetic"): 60, ("a", "historical"): 60})
    _, kept = sampled(rows)
    assert cells(kept) == {("a", "human"): 45, ("a", "synthetic"): 60, ("a", "historical"): 45}
    shuffled = random.Random(1).sample(rows, k=len(rows))
    assert {row.id for row in sampled(shuffled)[1]} == {row.id for row in kept}
    assert {row.id for row in sampled(rows, seed=8)[1]} != {row.id for row in kept}
    assert len({row.id for row in kept}) == len(kept)


def test_groups_stay_whole() -> None:
    rows = rows_of({("a", kind): 120 for kind in KINDS} | {("b", kind): 37 for kind in KINDS}, group=3)
    rows += [example(f"mixed {n}", intent="ab"[n % 2], provenance=KINDS[n % 3], group=f"m{n // 6}") for n in range(60)]
    _, kept = sampled(rows)
    whole, left = Counter(row.group for row in rows), Counter(row.group for row in kept)
    assert all(whole[group] == count for group, count in left.items())
    taken = cells(kept)
    for intent in "ab":
        total = sum(taken[intent, kind] for kind in KINDS)
        assert total > 30
        assert all(abs(taken[intent, kind] / total - PLAYBOOK[kind]) <= 0.05 for kind in KINDS)


def test_a_stratum_that_is_short_gives_what_the_shares_allow_and_says_so() -> None:
    rows = rows_of(
        {
            ("a", "human"): 3,
            ("a", "synthetic"): 40,
            ("a", "historical"): 30,
            ("b", "human"): 30,
            ("b", "synthetic"): 40,
            ("b", "historical"): 30,
            ("c", "human"): 5,
        }
    )
    sampler, kept = sampled(rows)
    assert cells(kept) == {
        ("a", "human"): 3,
        ("a", "synthetic"): 4,
        ("a", "historical"): 3,
        ("b", "human"): 30,
        ("b", "synthetic"): 40,
        ("b", "historical"): 30,
    }
    assert sampler.mixing is not None
    assert sampler.mixing.shortfalls == (
        Shortfall(stratum="intent a", provenance="human", wanted=30, had=3),
        Shortfall(stratum="intent c", provenance="synthetic", wanted=6, had=0),
        Shortfall(stratum="intent c", provenance="historical", wanted=5, had=0),
    )
    assert dict(sampler.mixing.had) == {"historical": 60, "human": 38, "synthetic": 80}
    assert dict(sampler.mixing.taken) == {"historical": 33, "human": 33, "synthetic": 44}
    assert sampler.mixing.strata == {
        "intent a": {"human": 3, "synthetic": 4, "historical": 3},
        "intent b": {"human": 30, "synthetic": 40, "historical": 30},
    }
    assert sampler.mixing.by_total == sum(cells(sampled(rows, by=())[1]).values()) == 126


def test_rows_of_no_provenance_in_the_mix_go_and_so_does_what_is_beyond_it() -> None:
    rows = [*rows_of({("a", kind): 10 for kind in KINDS}), example("x"), example("y", provenance="logs")]
    sampler = Sampler(dict(PLAYBOOK), (), 0)
    drops = sampler.choose([row.id for row in rows], sampler.sketch(rows))
    assert Counter(drop.reason for drop in drops.values()) == {OUTSIDE: 2, BEYOND: 5}


def test_a_share_of_nothing_takes_nothing() -> None:
    rows = rows_of({("a", kind): 10 for kind in KINDS})
    sampler = Sampler({"human": 0.5, "synthetic": 0.5, "historical": 0.0}, (), 0)
    drops = sampler.choose([row.id for row in rows], sampler.sketch(rows))
    assert cells([row for place, row in enumerate(rows) if place not in drops]) == {
        ("a", "human"): 10,
        ("a", "synthetic"): 10,
    }


def test_labels_of_any_name_make_strata() -> None:
    rows = [
        example(f"{n}", provenance=KINDS[n % 3], extra={"reading_level": "easy" if n % 2 else "hard"})
        for n in range(60)
    ]
    sampler, kept = sampled(rows, by=("language", "reading_level"))
    assert Counter(row.extra["reading_level"] for row in kept) == {"easy": 25, "hard": 25}
    assert sampler.mixing is not None
    assert sampler.mixing.by == ("language", "reading_level")
