"""What of planted leaks ``held_out_leak`` finds, what it drops besides, and what duplicates cost: real bank questions.

    python benchmarks/leaks.py [--check] [--planted 500] [--seed 7]

Held out are banking77's 3,080 test questions, training rows its 10,003 others, each once with the intent's name as the
answer and once with one canned answer for each intent. Leaks are planted by the second half of the test questions; the
settings were chosen by the first. ``--check`` exits with 1 where a leak that n-grams can find is not found, or more is
dropped than the documents say.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from data_corpus import canned
from detector_texts import table

from qlora_gov import Drop, Example, Message
from qlora_gov_data.duplicates import NearDuplicates
from qlora_gov_data.leaks import (
    ANSWERS,
    HELD_QUESTIONS,
    PLANTED,
    REPLACED,
    REWORDED,
    WHOLE_QUESTIONS,
    HeldOutLeak,
    HeldOutLeakSettings,
)
from qlora_gov_data.similarity import Similarity, fingerprints, likeness

LEAKS_DROPPED, DUPLICATES_DROPPED, RECALL = 1_000, 200, 0.995
LEAK, NEAR = HeldOutLeakSettings(invisible="passed_over"), Similarity(invisible="passed_over")
POLITE = ("Hello there, I hope that you can help me.", "Thank you very much in advance, and have a nice day.")
LONGER = (
    "I have been a customer of yours since the spring and was always content, until this week, that is.",
    "I would be glad of an answer by tomorrow evening, since I am leaving on a long journey then.",
)
SYNONYMS = {
    "card": "plastic", "get": "obtain", "money": "funds", "need": "require", "change": "alter", "account": "profile",
    "help": "assist", "payment": "transaction", "transfer": "remittance", "want": "wish", "why": "how come",
}  # fmt: skip


def chat(*turns: str, system: str | None = None) -> Example:
    """A conversation of the turns user, assistant, user, assistant, in a group of its own."""
    said = [Message(role=("user", "assistant")[at % 2], content=turn) for at, turn in enumerate(turns)]
    messages = (*([Message(role="system", content=system)] if system else []), *said)
    example = Example(messages=messages, group="", source="planted:1")
    return example.model_copy(update={"group": f"group of {example.id}"})


RESPONSES: dict[str, Callable[[str], str]] = {"the intent's name": str, "one canned answer an intent": canned}


def own_answer(number: int) -> str:
    """An answer that is one row's alone."""
    return f"Your reference is {number * 7919}; branch {number} keeps the papers for you until the end of the month."


def kept(question: str, rng: random.Random, share: float, vocabulary: Sequence[str]) -> str:
    """A question with a share of its words, the others replaced at random places."""
    words = question.split()
    for place in rng.sample(range(len(words)), k=round(len(words) * (1 - share))):
        words[place] = rng.choice(vocabulary)
    return " ".join(words)


def paraphrased(question: str) -> str:
    """A question in which known words stand for others."""
    return " ".join(SYNONYMS.get(word.lower().strip("?,."), word) for word in question.split())


def planted(questions: Sequence[str], rng: random.Random) -> dict[str, dict[str, list[Example]]]:
    """The leaks that the filter must find, by their kind, and how each of it was planted."""
    return {
        WHOLE_QUESTIONS: {
            "exact": [chat(one, "No.") for one in questions],
            "other case and white space": [chat(f"  {one.upper()}\n".replace(" ", "  "), "No.") for one in questions],
            "without punctuation": [chat(re.sub(r"[^\w\s]", "", one), "No.") for one in questions],
            "as the second question": [chat("Hello!", "Hello, how can I help?", one, "No.") for one in questions],
        },
        HELD_QUESTIONS: {
            "within a longer prompt": [chat(f"{LONGER[0]} {one} {LONGER[1]}", "No.") for one in questions],
            "in a polite frame": [chat(f"{POLITE[0]} {one} {POLITE[1]}", "No.") for one in questions],
            "within an answer": [chat("What do people ask?", f"{LONGER[0]} {one} {LONGER[1]}") for one in questions],
            "within a system turn": [
                chat("Hello!", "Hello.", system=f"{POLITE[0]} {one} {POLITE[1]}") for one in questions
            ],
        },
    }


def found(leak: HeldOutLeak, rows: Sequence[Example]) -> int:
    """How many rows are dropped."""
    return sum(isinstance(result, Drop) for result in leak.apply(rows))


def alike(questions: Iterable[str], rng: random.Random, vocabulary: Sequence[str]) -> list[str]:
    """Texts that are likely to be just above the threshold of likeness to a question."""
    texts = []
    for one in questions:
        for share in (0.7, 0.8, 0.9):
            text = kept(one, rng, share, vocabulary)
            pairs = (fingerprints(each, LEAK.shingle, LEAK.invisible) for each in (one, text))
            if likeness(*pairs) >= LEAK.threshold:
                texts.append(text)
    return texts


def main() -> int:
    """Print the tables. Returns 1 where ``--check`` is given and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--planted", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    train, test = table("banking77/train.csv"), table("banking77/test.csv")
    shuffled = random.Random(0).sample(test, k=len(test))
    questions = [row["text"] for row in rng.sample(shuffled[len(test) // 2 :], k=min(asked.planted, len(test) // 2))]
    missed: list[str] = []
    figures = dict.fromkeys(PLANTED, (0, 0))

    def line(what: str, number: int, of: int, holds: bool | None, kind: str | None = None) -> None:
        if kind is not None:
            figures[kind] = figures[kind][0] + number, figures[kind][1] + of
        verdict = "" if holds is None else "" if holds else "   MISSED"
        print(f"  {what:<44}{number:>7,} of {of:,}{verdict}")
        missed.extend([what] * (holds is False))

    leak = HeldOutLeak(LEAK)
    leak.keep_clear_of([chat(row["text"], canned(row["category"])) for row in test])
    print(f"leaks that are found: {len(questions)} held-out questions, planted")
    for kind, ways in planted(questions, rng).items():
        for what, rows in ways.items():
            line(what, number := found(leak, rows), len(rows), number == len(rows), kind)

    numbers = range(len(test))
    leak.keep_clear_of([chat(row["text"], own_answer(at)) for at, row in zip(numbers, test, strict=True)])
    answers = [own_answer(at) for at in rng.sample(numbers, k=100)]
    print("held-out answers that are one row's alone, planted")
    for what, rows in {
        "as an answer": [chat("Where are my papers?", one) for one in answers],
        "within a longer answer": [chat("Where are my papers?", f"{LONGER[0]} {one} {LONGER[1]}") for one in answers],
        "within a prompt": [chat(f"I was told: {one} Is that so?", "Yes.") for one in answers],
    }.items():
        line(what, number := found(leak, rows), len(rows), number == len(rows), ANSWERS)

    vocabulary = [word for row in train for word in row["text"].split()]
    near = alike(questions, rng, vocabulary)
    print(f"texts whose likeness to a held-out question is {LEAK.threshold:g} or more")
    line("found", number := found(leak, [chat(one, "No.") for one in near]), len(near), number >= RECALL * len(near))
    print("what n-grams do not find, for the record")
    for what, kind, texts in (
        ("80% of the words kept, others at random", REPLACED, [kept(one, rng, 0.8, vocabulary) for one in questions]),
        ("synonyms for some words", REWORDED, [new for one in questions if (new := paraphrased(one)) != one]),
    ):
        line(what, found(leak, [chat(one, "No.") for one in texts]), len(texts), None, kind)

    for name, answer in RESPONSES.items():
        rows = sorted((chat(row["text"], answer(row["category"])) for row in train), key=lambda row: row.id)
        print(f"dropped of banking77's training questions, with {name}")
        leak.keep_clear_of([chat(row["text"], answer(row["category"])) for row in test])
        reasons = Counter(result.reason for result in leak.apply(rows) if isinstance(result, Drop))
        line(
            "held_out_leak", reasons.total(), len(rows), reasons.total() <= LEAKS_DROPPED if answer is canned else None
        )
        for reason, number in reasons.most_common():
            print(f"    {reason:<42}{number:>7,}")
        filter_ = NearDuplicates(NEAR)
        drops = filter_.choose([row.id for row in rows], filter_.sketch(rows))
        line("near_duplicates", len(drops), len(rows), len(drops) <= DUPLICATES_DROPPED)
    if (asked.planted, asked.seed) == (500, 7):
        print("what the filter says was measured of it, for cards")
        for kind, told in PLANTED.items():
            line(kind, *figures[kind], figures[kind] == told)
    return 1 if asked.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
