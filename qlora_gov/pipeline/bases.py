"""The base models at hand: the project's, and those on record."""

from __future__ import annotations

from dataclasses import replace

from qlora_gov.errors import ModelError
from qlora_gov.ledger.reading import fetch
from qlora_gov.models.bases import ResolvedBase, resolve_base
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Base


def project_base(space: Workspace) -> ResolvedBase:
    """The base that the project names. Raises ModelError where it is not at hand."""
    settings = space.project.base
    return resolve_base(settings.model, root=space.root, licence=settings.licence)


def recorded_base(space: Workspace, record_id: str) -> ResolvedBase:
    """A base on record: the project's where it is the same, or else by the name that it had.

    Raises ModelError where that name now stands for another one.
    """
    record, settings = fetch(space.ledger, record_id, Base), space.project.base
    for name, licence in ((settings.model, settings.licence), (record.reference, record.licence)):
        found = resolve_base(name, root=space.root, licence=licence)
        if found.record.content_digest == record.content_digest:
            return replace(found, record=record)
    raise ModelError(f"{record.reference} is no longer the base that is on record as {record.id}")
