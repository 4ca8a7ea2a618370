"""What the detectors find, flag and damage: the first recognisers beside the second, in one run on public texts.

    python benchmarks/detectors.py [--check] [--cards 200] [--texts N]

``--texts`` takes so many texts of each set, spread over it; default: all. ``--check`` exits with 1 where false alarms
on bank questions are more than 1 in 5,000, fewer than 95% of cards are found, or a redaction cuts a word.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from detector_texts import PRESIDIO, Marked, bank_questions, cards, comments, conversations, everything, hate, personal

from qlora_gov.guardrails.redact import redact_numbered, redact_spans
from qlora_gov.plugin.specs import Finding
from qlora_gov_guardrails.lexical import LexicalScreen, LexicalSettings
from qlora_gov_guardrails.pii import Pii, PiiSettings

ALARMS, CARDS = 1 / 5000, 0.95
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SEED = 7
BEFORE, AFTER, DATED = PiiSettings(), PiiSettings(recognisers=2), PiiSettings(recognisers=2, dates=True)
T = TypeVar("T")


def recall(guardrail: Pii, texts: Sequence[Marked]) -> tuple[Counter[str], Counter[str], int]:
    """Spans that a finding of their kind covers to half at least, all spans, and findings that meet no span."""
    hits: Counter[str] = Counter()
    spans: Counter[str] = Counter()
    spurious = 0
    for one, findings in zip(texts, guardrail.detect([one.text for one in texts]), strict=True):
        for kind, start, end in one.spans:
            spans[kind] += 1
            hits[kind] += any(
                found.kind == PRESIDIO.get(kind, kind) and 2 * _overlap(found, start, end) >= end - start
                for found in findings
            )
        spurious += sum(all(_overlap(found, start, end) <= 0 for _, start, end in one.spans) for found in findings)
    return hits, spans, spurious


def _overlap(found: Finding, start: int, end: int) -> int:
    return min(found.end, end) - max(found.start, start)


def flagged(guardrail: Pii | LexicalScreen, texts: Sequence[str]) -> int:
    """How many texts have any finding."""
    return sum(map(bool, guardrail.detect(texts)))


def cut_words(text: str, redacted: str) -> bool:
    """Whether a redacted text keeps a part of a word whose other part was taken out.

    It looks at both texts and at no span: what stays must lie in the text in its order, and where a placeholder
    adjoins it, so must the end of a word.
    """
    pieces = re.split(r"\[[A-Z_]+(?:_\d+)?\]", redacted)
    at = 0
    for place, piece in enumerate(pieces):
        at = text.index(piece, at) if place < len(pieces) - 1 else len(text) - len(piece)
        before, after = text[at - 1 : at], text[at + len(piece) : at + len(piece) + 1]
        if piece and ((place and _joined(before, piece[0])) or (place < len(pieces) - 1 and _joined(piece[-1], after))):
            return True
        at += len(piece)
    return False


def _joined(before: str, after: str) -> bool:
    return bool(re.fullmatch(r"\w\w", before + after))


def damaged(texts: Sequence[str], before: Pii, after: Pii) -> tuple[int, int]:
    """How many texts the first form of redaction cuts by the first recognisers, and the second by the second."""
    first = (redact_spans(text, found) for text, found in zip(texts, before.detect(texts), strict=True))
    second = (redact_numbered([text], [found])[0] for text, found in zip(texts, after.detect(texts), strict=True))
    return _cut(texts, first), _cut(texts, second)


def _cut(texts: Sequence[str], redacted: Iterable[str]) -> int:
    return sum(cut_words(text, one) for text, one in zip(texts, redacted, strict=True) if one != text)


def some(texts: Iterable[T], count: int | None) -> list[T]:
    """So many of the texts, spread over them."""
    found = list(texts)
    return found if count is None else found[:: max(1, len(found) // count)]


def show_personal(before: Pii, after: Pii, texts: Sequence[Marked]) -> None:
    """Recall by kind."""
    (first, spans, wrong), (second, _, wrong_now) = recall(before, texts), recall(after, texts)
    dated, _, _ = recall(Pii(DATED), texts)
    print(f"\npersonal data by kind, found of all in {len(texts)} texts; with dates counted where they differ")
    for kind, count in spans.most_common():
        found = (f"{hits[kind]:>4} {hits[kind] / count:>5.2f}" for hits in (first, second))
        more = f"   {dated[kind]:>4} with dates" if dated[kind] != second[kind] else ""
        print(f"  {kind:<20} {count:>4}   {'   '.join(found)}{more}")
    print(f"  {'where there is none':<20}        {wrong:>4}         {wrong_now:>4}")


def show_cards(before: Pii, after: Pii, each: int) -> float:
    """Recall of card numbers by network; returns that of all of them by the second recognisers."""
    drawn = cards(SEED, each)
    names = [name for name, _ in drawn]
    shares = []
    print(f"\ncard numbers drawn at random, {each} of each network, with seed {SEED}")
    for guardrail in (before, after):
        found = [recall(guardrail, [one])[0]["CREDIT_CARD"] for _, one in drawn]
        shares.append(Counter(name for name, hit in zip(names, found, strict=True) if hit))
    for name, count in Counter(names).items():
        print(f"  {name:<22} {shares[0][name] / count:>6.3f} {shares[1][name] / count:>6.3f}")
    whole = [share.total() / len(drawn) for share in shares]
    print(f"  {'all':<22} {whole[0]:>6.3f} {whole[1]:>6.3f}")
    return whole[1]


def show_lexical(count: int | None) -> None:
    """What the lexical screen flags of what it should, and of what it should not."""
    sets = (("HateCheck: hateful, not hateful", hate()), ("Surge comments: toxic, not toxic", comments()))
    for title, texts in sets:
        print(f"\n{title}")
        for threshold in THRESHOLDS:
            screen = LexicalScreen(LexicalSettings(threshold=threshold))
            sides = [some(texts[wanted], count) for wanted in (True, False)]
            hits = [flagged(screen, side) for side in sides]
            told = "   ".join(
                f"{hit:>5} of {len(side)} {hit / len(side):.2f}" for hit, side in zip(hits, sides, strict=True)
            )
            print(f"  toxicity_lexical at {threshold}   {told}")


def main() -> int:
    """Print every figure, first recognisers left, second right; with ``--check``, 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cards", type=int, default=200)
    parser.add_argument("--texts", type=int)
    options = parser.parse_args()
    before, after = Pii(BEFORE), Pii(AFTER)
    print("pii by the first recognisers, then by the second")
    show_personal(before, after, some(personal(), options.texts))
    share = show_cards(before, after, options.cards)
    bank, turns = some(bank_questions(), options.texts), some(conversations(), options.texts)
    alarms = flagged(after, bank)
    print(f"\nbank questions flagged, of {len(bank):,}: {flagged(before, bank)}, then {alarms}")
    print(f"turns of conversations flagged, of {len(turns):,}: {flagged(before, turns)}, then {flagged(after, turns)}")
    show_lexical(options.texts)
    texts = some(dict.fromkeys(everything()), options.texts)
    cut_before, cut = damaged(texts, before, after)
    print(f"\ntexts in which a redaction cuts a word, of {len(texts):,}: {cut_before}, then {cut}")
    missed = alarms > ALARMS * len(bank) or share < CARDS or cut > 0
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
