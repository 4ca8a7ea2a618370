from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov_data.similarity import Frequencies, NearTexts, fingerprints, likeness, telling

WORDS = ("card", "loan", "rate", "fee", "app", "pin")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def triples(text: str, size: int) -> set[tuple[str, ...]]:
    """Shingles of plain lower-case text, written down another way: as tuples, without fingerprints."""
    words = text.split()
    return set(zip(*(words[start:] for start in range(size)), strict=False)) or ({tuple(words)} if words else set())


def candidates(texts: Sequence[str], text: str, threshold: float, size: int) -> list[int]:
    """What is proposed of some texts for one that follows them."""
    frequencies, prints = Frequencies(), [fingerprints(one, size) for one in [*texts, text]]
    for one in prints:
        frequencies.add(one)
    near = NearTexts(frequencies.telling(one, threshold) for one in prints)
    found = near.earlier(len(texts)).tolist()
    assert near.count(len(texts)) >= len(found) or (near.count(len(texts)) == -1 and not found)
    return found


def similar_pairs(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Pairs of random texts of which the second is the first with up to a fifth of its words changed."""
    vocabulary = [f"word{number}" for number in range(2000)]
    pairs = []
    for _ in range(count):
        words = rng.choices(vocabulary, k=rng.randint(8, 60))
        changed = list(words)
        for place in rng.sample(range(len(words)), k=rng.randint(0, len(words) // 5)):
            changed[place] = rng.choice(vocabulary)
        pairs.append((" ".join(words), " ".join(changed)))
    return pairs


def test_shingles_are_runs_of_words_whatever_stands_between_them() -> None:
    assert fingerprints("My card, MY  card!", 2).tolist() == fingerprints("my card my card", 2).tolist()
    assert len(fingerprints("my card my card", 2)) == 2
    assert fingerprints("my card", 3).tolist() == fingerprints("My card.", 3).tolist()
    assert fingerprints("my card", 3).tolist() != fingerprints("card my", 3).tolist()
    assert fingerprints("my card", 2).tolist() != fingerprints("my", 2).tolist()


def test_with_its_ends_a_changed_word_counts_the_same_wherever_it_stands() -> None:
    words = [f"word{number}" for number in range(15)]
    texts = [" ".join([*words[:place], "other", *words[place + 1 :]]) for place in range(15)]
    whole = fingerprints(" ".join(words), 3, ends=True)
    assert {likeness(whole, fingerprints(text, 3, ends=True)) for text in texts} == {14 / 20}


def test_a_text_without_words_is_one_shingle_and_one_that_says_nothing_has_none() -> None:
    assert len(fingerprints("...", 3)) == 1
    assert fingerprints("...", 3).tolist() != fingerprints("?!", 3).tolist()
    assert fingerprints(" ", 3).tolist() == []


def test_fingerprints_are_the_same_on_every_machine() -> None:
    assert fingerprints("Hello, world", 2).tolist() == [0x185FAB2111109969]


@given(one=TEXTS.filter(bool), other=TEXTS.filter(bool), size=st.integers(1, 4))
def test_likeness_equals_its_definition(one: str, other: str, size: int) -> None:
    a, b = triples(one, size), triples(other, size)
    assert likeness(fingerprints(one, size), fingerprints(other, size)) == len(a & b) / len(a | b)


@settings(deadline=None, max_examples=200)
@given(texts=st.lists(TEXTS, max_size=8), text=TEXTS, threshold=st.floats(0.1, 0.99), size=st.integers(1, 3))
def test_whatever_is_near_is_proposed(texts: list[str], text: str, threshold: float, size: int) -> None:
    mine = triples(text, size)
    near = {
        place
        for place, other in enumerate(texts)
        if mine and other and len(mine & triples(other, size)) / len(mine | triples(other, size)) >= threshold
    }
    assert near <= set(candidates(texts, text, threshold, size))


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_finds_all_that_comparing_each_with_each_finds(threshold: float) -> None:
    pairs = similar_pairs(random.Random(7), 300)
    texts = [first for first, _ in pairs]
    prints = [fingerprints(text, 3) for text in texts]
    found = proposed = 0
    for _, second in pairs:
        mine = fingerprints(second, 3)
        near = [place for place, other in enumerate(prints) if likeness(mine, other) >= threshold]
        proposals = candidates(texts, second, threshold, 3)
        assert set(near) <= set(proposals)
        found, proposed = found + len(near), proposed + len(proposals)
    assert found > 40
    assert proposed < 2 * len(pairs)  # and next to nothing else, of 300 * 300


@pytest.mark.parametrize(
    ("size", "threshold", "first"), [(10, 0.7, 4), (10, 0.95, 1), (20, 0.95, 2), (1, 0.6, 1), (0, 0.6, 0)]
)
def test_as_many_members_tell_as_must_be_shared_with_what_is_near(size: int, threshold: float, first: int) -> None:
    assert telling(size, threshold) == first


def test_what_is_rare_tells_first() -> None:
    frequencies = Frequencies()
    common, rare = fingerprints("card", 1), fingerprints("escrow", 1)
    for _ in range(3):
        frequencies.add(common)
    frequencies.add(rare)
    assert frequencies.telling(np.union1d(common, rare), 1.0).tolist() == rare.tolist()
