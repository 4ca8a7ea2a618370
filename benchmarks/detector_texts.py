"""What the detectors are tried on: public texts with labels or without, and numbers of cards drawn at random."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("QLORA_GOV_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
PRESIDIO = {"DOMAIN_NAME": "URL", "GPE": "LOCATION", "STREET_ADDRESS": "LOCATION"}
"""Kinds of the public texts that presidio calls otherwise."""


@dataclass(frozen=True)
class Marked:
    """A text, and the kind and place of each thing in it: ``[start, end)``."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


def table(name: str) -> list[dict[str, str]]:
    """The rows of a file of comma-separated values."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def bank_questions() -> list[str]:
    """Questions of bank customers, in which there is hardly anything personal."""
    return [row["text"] for part in ("train", "test") for row in table(f"banking77/{part}.csv")]


def personal() -> list[Marked]:
    """Texts with personal data of many kinds, marked."""
    texts = json.loads((DATA / "presidio_research/synth_dataset_v2_first750.json").read_text(encoding="utf-8"))
    return [
        Marked(
            one["full_text"],
            tuple((span["entity_type"], span["start_position"], span["end_position"]) for span in one["spans"]),
        )
        for one in texts
    ]


def hate() -> dict[bool, list[str]]:
    """Texts that are hateful, and others that only look so: counter-speech, reclaimed words."""
    rows = table("hatecheck/test_suite_cases.csv")
    return {
        hateful: [r["test_case"] for r in rows if (r["label_gold"] == "hateful") == hateful]
        for hateful in (True, False)
    }


def comments() -> dict[bool, list[str]]:
    """Comments that people called toxic, and others."""
    rows = table("surge_toxicity/toxicity_en_half_a.csv")
    return {toxic: [r["text"] for r in rows if (r["is_toxic"] == "Toxic") == toxic] for toxic in (True, False)}


def conversations() -> list[str]:
    """Turns of people and assistants, many of them with code."""
    lines = (DATA / "open_assistant/en_100_message.jsonl").read_text(encoding="utf-8").splitlines()
    return [text for line in lines for text in _turns(json.loads(line))]


def _turns(turn: dict[str, Any]) -> Iterator[str]:
    yield turn["text"]
    for reply in turn.get("replies") or ():
        yield from _turns(reply)


def everything() -> Iterator[str]:
    """Every text of every public set, for what must hold of any."""
    yield from bank_questions()
    yield from (one.text for one in personal())
    for texts in (*hate().values(), *comments().values()):
        yield from texts
    yield from conversations()
    yield from (row["tweet"] for row in table("davidson/labeled_data.csv"))
    yield from (row["comment_text"] for row in table("jigsaw_sample/train.csv"))
    yield from (row["text"] for row in table("toxic_spans/tsd_test.csv"))
    for name in ("bbq/Religion.jsonl", "self_instruct/seed_tasks.jsonl"):
        yield from _strings(name)


def _strings(name: str) -> Iterator[str]:
    def within(value: Any) -> Iterator[str]:
        match value:
            case str():
                yield value
            case dict():
                for one in value.values():
                    yield from within(one)
            case list():
                for one in value:
                    yield from within(one)

    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        yield from within(json.loads(line))


NETWORKS: Sequence[tuple[str, Sequence[str], Sequence[int]]] = (
    ("Visa", ("4",), (13, 16, 19)),
    ("Mastercard 51-55", tuple(map(str, range(51, 56))), (16,)),
    ("Mastercard 2221-2720", tuple(map(str, range(2221, 2721))), (16,)),
    ("American Express", ("34", "37"), (15,)),
    ("Discover", ("6011", "65", *map(str, range(644, 650))), (16, 19)),
    ("Diners Club", ("36", "38", "39", *map(str, range(300, 306))), (14, 16)),
    ("JCB", tuple(map(str, range(3528, 3590))), (16,)),
    ("UnionPay", ("62", "81"), (16, 17, 18, 19)),
    ("Maestro", ("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"), (12, 13, 15, 16, 18, 19)),
)
GROUPS = {12: (4, 4, 4), 13: (4, 4, 5), 14: (4, 6, 4), 15: (4, 6, 5), 16: (4, 4, 4, 4), 17: (4, 4, 4, 4, 1),
          18: (4, 4, 4, 4, 2), 19: (4, 4, 4, 4, 3)}  # fmt: skip
SENTENCES = (
    "My card {} was declined.",
    "card number:{}",
    "Please block {}, it was stolen in 2024.",
    "I paid with ({}) on Monday",
    "{} expires 04/27, code 123",
    "Is {} mine?",
)


def cards(seed: int, each: int) -> list[tuple[str, Marked]]:
    """Card numbers with right check digits, ``each`` of every network, written in every usual way, in sentences."""
    rng = random.Random(seed)
    return [(name, _card(rng, prefixes, lengths)) for name, prefixes, lengths in NETWORKS for _ in range(each)]


def _card(rng: random.Random, prefixes: Sequence[str], lengths: Sequence[int]) -> Marked:
    prefix, length = rng.choice(prefixes), rng.choice(lengths)
    body = prefix + "".join(rng.choices("0123456789", k=length - len(prefix) - 1))
    digits = iter(body + next(digit for digit in "0123456789" if _luhn(body + digit)))
    separator = rng.choice(("", " ", "-", "."))
    number = separator.join("".join(next(digits) for _ in range(group)) for group in GROUPS[length])
    before, after = rng.choice(SENTENCES).split("{}")
    return Marked(before + number + after, (("CREDIT_CARD", len(before), len(before) + len(number)),))


def _luhn(number: str) -> bool:
    values = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 * (value > 9) for value in values) % 10 == 0
