"""Was an adapter published as the ledger then allowed? Whether it lies there still, no ledger can say."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.canonical import tree_id
from qlora_gov.ledger import Entry
from qlora_gov.records import Adapter, Card, Decision, Publication
from qlora_gov.verification.moves import unallowed
from qlora_gov.verification.past import Past


def publication_flaws(entry: Entry, publication: Publication, past: Past) -> Iterator[str]:
    """What does not follow from the entries before."""
    decision = past.held(publication.decision, Decision)
    adapter = past.held(publication.adapter, Adapter)
    card = past.held(publication.card, Card)
    if decision is None or adapter is None or card is None:
        yield "an adapter was published without a decision or a card"
        return
    yield from unallowed(entry, publication, decision, past, "published")
    if decision.adapter != publication.adapter:
        yield "its decision is on another adapter"
    if card.decision != publication.decision:
        yield "its card is another decision's"
    compared = past.answered(decision.champion)
    if past.served("champion") not in (decision.adapter, compared.adapter if compared else decision.adapter):
        yield "the champion was not the one that the candidate was compared with"
    if tree_id(publication.files) != publication.digest:
        yield "its files do not have the digest that it states"
    kept = set(adapter.files.items()) <= set(publication.files.items())
    shown = set(card.files.values()) <= set(publication.files.values())
    if not kept or not shown or decision.id not in publication.files.values():
        yield "its files are not those of its adapter, card and decision"
