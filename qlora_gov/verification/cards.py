"""Cards: does the ledger know a file, does the chain hold the head it shows, and do its records give it again?"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.canonical import bytes_id
from qlora_gov.errors import GovError, ProjectError, UsageError
from qlora_gov.evidence.card import card_records
from qlora_gov.ledger import Entry, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.files import card_directory
from qlora_gov.ledger.reading import fetch
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import About, Card, Decision, Head
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.files import CardFiles, card_files

_DIGEST = r"sha256:[0-9a-f]{64}"
_HEAD = re.compile(rf"ledger head, entry (\d[\d,]{{0,19}})\W{{1,40}}({_DIGEST})")
_DECISION = re.compile(rf"\bdecision\W{{1,40}}({_DIGEST})")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class KeptCard:
    """A card's file that somebody kept, and what it prints of the evidence behind it."""

    path: Path
    digest: str
    decisions: tuple[str, ...]
    heads: tuple[Head, ...]

    @classmethod
    def read(cls, path: Path) -> KeptCard:
        """Read a Markdown or HTML card. Raises UsageError where there is no such file."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"{path}: no card can be read there: {error.strerror}") from error
        text = data.decode(errors="replace")
        plain = text if path.suffix == ".md" else html.unescape(_TAG.sub(" ", text))
        heads = tuple(Head(seq=int(seq.replace(",", "")), hash=digest) for seq, digest in _HEAD.findall(plain))
        return cls(path, bytes_id(data), tuple(_DECISION.findall(plain)), heads)

    def entry(self, entries: Sequence[Entry]) -> Entry | None:
        """The newest entry of the card that has this file."""
        return next(
            (entry for entry, card in reversed(cards_among(entries)) if self.digest in card.files.values()), None
        )

    def problems(self, entries: Sequence[Entry]) -> Iterator[Problem]:
        """Why the ledger does not know the file: it was edited, or the card's entry is gone."""
        if self.entry(entries) is None:
            same = [place(entry) for entry, card in cards_among(entries) if card.decision in self.decisions]
            what = f"it was edited: it is not the file of {same[-1]}" if same else "a card whose entry is gone"
            yield Problem(ProblemKind.TAMPERED, str(self.path), what)


def cards_among(entries: Sequence[Entry]) -> list[tuple[Entry, Card]]:
    """The entries of cards, oldest first."""
    return [(entry, entry.record) for entry in entries if isinstance(entry.record, Card)]


def orphans(artefacts: Path, ids: Iterable[str]) -> list[Path]:
    """The files of cards that belong to none of a ledger's entries."""
    known = {card_directory(artefacts, id_) for id_ in ids}
    return [path for path in sorted(artefacts.glob("cards/*/card.*")) if path.parent not in known]


def rendering_problems(space: Workspace, entry: Entry, card: Card) -> Iterator[Problem]:
    """Render a card's files again from its records, and compare their bytes.

    Where they differ and other templates or code are installed, what was written then is in other words now: its
    digest alone still speaks for it.
    """
    try:
        again = _rendered(space, card)
    except GovError as error:
        yield Problem.underived(ProblemKind.TAMPERED, place(entry), "it cannot be made from its records again", error)
        return
    rendered = {} if again is None else {name: bytes_id(text.encode()) for name, text in again.texts.items()}
    others = [name for name, digest in card.files.items() if rendered.get(name) != digest]
    if others and (again is None or dict(again.templates) != dict(card.templates)):
        what = "templates or code changed since, so that it is written otherwise now; its digest still holds"
        yield Problem(ProblemKind.SOURCE_CHANGED, place(entry), what, harmless=True)
        return
    for name in others:
        yield Problem(ProblemKind.TAMPERED, place(entry), f"its records give another {name}")


def _rendered(space: Workspace, card: Card) -> CardFiles | None:
    """A card's files as they would be written now; None where a template of the project's own is at fault."""
    with space.ledger.reading():  # what follows shares this opening of the file
        decision, about = fetch(space.ledger, card.decision, Decision), fetch(space.ledger, card.about, About)
        context = card_context(card_records(space.ledger, decision, about))
    try:
        return card_files(context, space.templates)
    except ProjectError:
        return None
