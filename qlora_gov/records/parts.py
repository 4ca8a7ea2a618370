"""What records are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, model_validator

from qlora_gov.canonical import content_id
from qlora_gov.records.released import meaning_of, revision_of

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


class Component(Frozen):
    """Which code of which plugin did a piece of work, with which settings."""

    name: str = Field(description="plugin/name, as the catalog resolves it")
    distribution: str
    version: str
    source: str = Field(description="digest of the plugin's source files")
    settings: Mapping[str, JsonValue]
    revision: int | None = Field(
        default=None, description="of a component that comes with qlora_gov: which meaning of its name it has"
    )

    @property
    def meaning(self) -> dict[str, JsonValue]:
        """What decides whether two components of one name mean the same; version and source are on record in any case.

        Of those that come with qlora_gov it is the revision, which a person raises when the meaning changes; of others,
        the source.
        """
        return meaning_of(self.source, self.revision or revision_of(self.distribution, self.source))

    @property
    def identity(self) -> dict[str, JsonValue]:
        """What decides whether two components do the same: name, settings and meaning."""
        return {"name": self.name, "settings": dict(self.settings), **self.meaning}

    @property
    def rate(self) -> Component:
        """For a guardrail: the measurement of how often it flags a response."""
        return self.model_copy(update={"name": f"{self.name}_rate"})


class Absent(Frozen):
    """Stands where a value was not measured. Never replaced by 0 or NaN."""

    absent: str = Field(description="why, for people")


class Interval(Frozen):
    """A two-sided confidence interval; ``low`` or ``high`` is None where that side was not computed."""

    low: float | None
    high: float | None
    level: float
    method: str

    @model_validator(mode="after")
    def _in_order(self) -> Interval:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(
                f"an interval goes from its lower end to its upper one, not from {self.low} to {self.high}"
            )
        return self


class Environment(Frozen):
    """What ran a stage."""

    python: str
    platform: str
    device: str
    threads: int
    packages: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None
