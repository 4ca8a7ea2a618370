"""Which code did a piece of work, and what decides whether two pieces of code do the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, JsonValue

from qlora_gov.canonical import content_id
from qlora_gov.records.record import Frozen
from qlora_gov.records.released import meaning_of, revision_of


class Component(Frozen):
    """Which code of which plugin did a piece of work, with which settings."""

    name: str = Field(description="plugin/name, as the catalog resolves it")
    distribution: str = Field(description="what installed the plugin, or the file or directory that it is")
    version: str = Field(description="of the distribution")
    source: str = Field(description="digest of the plugin's source files")
    settings: Mapping[str, JsonValue] = Field(
        description="all of them by name; files and directories as path and digest"
    )
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
    def released(self) -> dict[str, JsonValue]:
        """The identity as the first release would have it, where the settings are those of now."""
        return self.identity if self.revision is None else self.model_copy(update={"revision": 1}).identity

    @property
    def rate(self) -> Component:
        """For a guardrail: the measurement of how often it flags a response."""
        return self.model_copy(update={"name": f"{self.name}_rate"})


def fingerprint(plugins: Iterable[Any]) -> str:
    """The digest of installed plugins: of each the name, distribution, version and source."""
    return content_id([[one.name, one.distribution, one.version, one.source] for one in plugins])
