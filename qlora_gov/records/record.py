"""What every record is: frozen, known by the digest of what is stored, and linked to its parents by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr

from qlora_gov.canonical import content_id
from qlora_gov.errors import IntegrityError

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From a record's content under one schema to that under the next."""


class Frozen(BaseModel):
    """A part of a record: immutable, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Frozen):
    """What one stage made. Subclasses name their kind and which of their fields are parents.

    Evidence outlives the version that made it: a record that was read from a ledger keeps the id of the bytes that are
    stored there, and a field that is added later changes nothing of it. So a default that was released never changes,
    and the default of a new field means "as before". What defaults cannot say is an upgrade: ``upgrades`` lead from
    the content under each earlier schema to the one under the next.
    """

    kind: ClassVar[str]
    parent_fields: ClassVar[tuple[str, ...]] = ()
    upgrades: ClassVar[tuple[Upgrade, ...]] = ()
    _stored_id: str | None = PrivateAttr(default=None)

    @classmethod
    def stored(cls, id_: str, content: dict[str, Any], schema: int) -> Self:
        """The record that was stored under an id, with content of a schema. Raises ValueError for any other content."""
        for upgrade in cls.upgrades[schema - 1 :]:
            content = upgrade(content)
        record = cls.model_validate(content)
        record._stored_id = id_
        return record

    @classmethod
    def schema_number(cls) -> int:
        """The number of the schema that content is written under."""
        return 1 + len(cls.upgrades)

    def content(self) -> dict[str, Any]:
        """The record as plain JSON values, without its kind and without what equals its default."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def document(self) -> dict[str, Any]:
        """What a ledger stores: the kind, the content, and the number of its schema where that is not the first."""
        schema = {} if self.schema_number() == 1 else {"schema": self.schema_number()}
        return {"kind": self.kind, "content": self.content(), **schema}

    @property
    def content_digest(self) -> str:
        """What two records of equal content share, whichever versions wrote them; the id of one that is stored now."""
        return content_id(self.document())

    @property
    def id(self) -> str:
        """``sha256:...`` over what is stored, or over what would be."""
        return self._stored_id or self.content_digest

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the records this one was made from."""
        named = (getattr(self, field) for field in self.parent_fields)
        return tuple(
            id_ for value in named if value is not None for id_ in ((value,) if isinstance(value, str) else value)
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, changed or not, is another record than the one that is stored."""
        copied = super().model_copy(update=update, deep=deep)
        copied._stored_id = None
        return copied

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and (self.kind, self.id) == (other.kind, other.id)

    def __hash__(self) -> int:
        return hash(self.id)


Link = tuple[str, str | None, str | None]
"""What a record names, the id by which it names it, and the id of the record at hand."""


def refuse_other_records(report: str, links: Iterable[Link]) -> None:
    """Raise IntegrityError where the records that a report is given do not name each other."""
    for what, named, given in links:
        if named != given:
            raise IntegrityError(f"{report}: {what} is {named or 'none'}, but the record given is {given or 'none'}")
