from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov_data.similarity import RECALL, NearTexts, Similarity, choose_banding, jaccard, shingles

WORDS = ("card", "loan", "rate", "fee", "app", "pin")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def index_of(similarity: Similarity, *texts: str) -> NearTexts:
    index = NearTexts(similarity)
    for text in texts:
        index.add(index.sketch(text))
    return index


def triples(text: str, size: int) -> set[tuple[str, ...]]:
    """Shingles of plain lower-case text, written down another way: as tuples, without fingerprints."""
    words = text.split()
    return set(zip(*(words[start:] for start in range(size)), strict=False)) or ({tuple(words)} if words else set())


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
    assert shingles("My card, MY  card!", 2) == shingles("my card my card", 2)
    assert len(shingles("my card my card", 2)) == 2
    assert shingles("my card", 3) == shingles("My card.", 3) != shingles("card my", 3)
    assert shingles(" ... ", 3) == shingles("", 3) == frozenset()


def test_fingerprints_are_the_same_on_every_machine() -> None:
    # printf 'hello world' | b2sum -l 64
    assert shingles("Hello, world", 2) == {0x878633AA32A3B150}


@given(one=TEXTS.filter(bool), other=TEXTS.filter(bool), size=st.integers(1, 4))
def test_jaccard_equals_its_definition(one: str, other: str, size: int) -> None:
    a, b = triples(one, size), triples(other, size)
    assert jaccard(shingles(one, size), shingles(other, size)) == len(a & b) / len(a | b)


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(TEXTS, max_size=8), text=TEXTS, threshold=st.floats(0.1, 0.99), size=st.integers(1, 3))
def test_nothing_below_the_threshold_is_near_and_a_copy_always_is(
    texts: list[str], text: str, threshold: float, size: int
) -> None:
    index = index_of(Similarity(threshold=threshold, shingle=size, permutations=64), *texts)
    mine = triples(text, size)
    best = max((len(mine & triples(t, size)) / len(mine | triples(t, size)) for t in texts if mine and t), default=0)

    found = index.has_near(index.sketch(text))
    assert not found or best >= threshold
    assert found or best < 1


@pytest.mark.parametrize("threshold", [0.5, 0.6, 0.8, 0.9])
def test_finds_what_brute_force_finds(threshold: float) -> None:
    pairs = similar_pairs(random.Random(7), 1500)
    similarity = Similarity(threshold=threshold)
    index = index_of(similarity, *(first for first, _ in pairs))
    found = [index.has_near(index.sketch(second)) for _, second in pairs]
    near = [jaccard(shingles(a, 3), shingles(b, 3)) >= threshold for a, b in pairs]

    assert sum(near) > 200
    assert sum(near) < len(near) or threshold < 0.6
    # Texts of different pairs have next to no triple of words in common, so that only the partner can be near.
    assert not any(hit and not expected for hit, expected in zip(found, near, strict=True))
    recall = sum(hit and expected for hit, expected in zip(found, near, strict=True)) / sum(near)
    assert recall >= RECALL


def test_the_seed_alone_decides_which_permutations_are_drawn() -> None:
    def values(seed: int) -> tuple[int, ...]:
        return tuple(NearTexts(Similarity(seed=seed)).sketch("one two three four five").minhash.hashvalues)

    assert values(1) == values(1) != values(2)


def test_banding_is_the_most_selective_one_that_reaches_the_recall() -> None:
    for threshold, permutations in itertools.product((0.1, 0.3, 0.5, 0.6, 0.8, 0.95, 0.999), (64, 128, 1024)):
        bands, rows = choose_banding(threshold, permutations)

        assert bands >= 2
        assert bands * rows <= permutations
        assert 1 - (1 - threshold**rows) ** bands >= RECALL - 1e-12
        more = permutations // (rows + 1)
        assert more < 2 or 1 - (1 - threshold ** (rows + 1)) ** more < RECALL


def test_banding_refuses_what_it_cannot_reach() -> None:
    with pytest.raises(ValueError, match=r"^16 permutations are too few for the threshold 0\.1$"):
        choose_banding(0.1, 16)
