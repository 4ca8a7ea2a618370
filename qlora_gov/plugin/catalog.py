"""The frozen catalog of components, and what binds one to its settings."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import MissingExtraError, PluginError, ProjectError, did_you_mean
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.settings import Settings
from qlora_gov.plugin.specs import Spec
from qlora_gov.records import Component
from qlora_gov.records.component import fingerprint
from qlora_gov.records.released import DISTRIBUTION, SETTINGS, meaning_of


@dataclass(frozen=True)
class Entry:
    """A spec and the plugin that contributed it."""

    plugin: Plugin
    spec: Spec

    @property
    def name(self) -> str:
        """The full name, plugin/name."""
        return f"{self.plugin.name}/{self.spec.name}"

    @property
    def revision(self) -> int | None:
        """The revision by which the component is known; None where its source is."""
        return self.spec.revision if self.plugin.distribution == DISTRIBUTION else None

    @property
    def meaning(self) -> dict[str, JsonValue]:
        """What the component is known by; see :attr:`qlora_gov.records.Component.meaning`."""
        return meaning_of(self.plugin.source, self.revision)

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules that the component needs and that are not installed."""
        return tuple(name for name in self.spec.requires if not _importable(name))

    @property
    def install_command(self) -> str:
        """What installs the missing modules."""
        extra = f"[{self.spec.extra}]" if self.spec.extra else ""
        return f'pip install "{self.plugin.distribution}{extra}"'


S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class Bound(Generic[S]):
    """A component with validated settings: what a record says of it, and how it is made."""

    entry: Entry
    spec: S
    settings: BaseModel | None
    component: Component

    def require(self) -> None:
        """Raise MissingExtraError where the component's libraries are not installed, PluginError as its settings do."""
        if missing := self.entry.missing:
            raise MissingExtraError(
                f"{self.component.name} needs {', '.join(missing)}, not installed; run: {self.entry.install_command}"
            )
        if isinstance(self.settings, Settings):
            self.settings.require()

    def make(self) -> Any:
        """Make the component. Raises PluginError where the factory fails, or makes what cannot be one."""
        spec, name = self.spec, self.component.name
        try:
            with plugin_code(name):
                made = spec.factory() if self.settings is None else spec.factory(self.settings)
                missing = [method for method in spec.calls if not callable(getattr(made, method, None))]
        except ForeignError as error:
            given = "nothing: it has no config" if self.settings is None else f"a {type(self.settings).__name__}"
            raise PluginError(f"{name} cannot be made: its factory, called with {given}, raised {error}") from error
        if isinstance(made, type) or missing:
            what = f"the class {made.__name__}, not one of it" if isinstance(made, type) else f"a {type(made).__name__}"
            lacks = f" without {' and '.join(missing)}" if missing else ""
            raise PluginError(f"{name} cannot be made: its factory returned {what}{lacks}")
        return made


class Catalog:
    """Every component of every loaded plugin. Names clash only within a plugin and a kind."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        for entry in sorted(entries, key=lambda entry: (entry.spec.kind, entry.name)):
            key = (entry.spec.kind, entry.name)
            if key in self._entries:
                raise PluginError(
                    f"plugin {entry.plugin.name!r} contributes two {entry.spec.kind}s named {entry.spec.name!r}"
                )
            self._entries[key] = entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def fingerprint(self) -> str:
        """The digest of all plugins: name, distribution, version and source."""
        return fingerprint({entry.plugin.name: entry.plugin for entry in self}.values())

    def find(self, kind: str, name: str) -> Entry:
        """Resolve ``plugin/name``, or a short name that only one plugin uses.

        Raises PluginError with the nearest name, or with both parties of an ambiguity.
        """
        entries = [entry for entry in self if entry.spec.kind == kind]
        found = [entry for entry in entries if name in (entry.name, entry.spec.name)]
        if len(found) > 1:
            both = " and ".join(f"{entry.name} (from {entry.plugin.distribution})" for entry in found)
            raise PluginError(f"{kind} {name!r} is ambiguous: {both}; write the full name")
        if not found:
            short = name.rsplit("/", 1)[-1]
            known = {entry.name for entry in entries if entry.spec.name == short}  # of another plugin
            known = known or {entry.name if "/" in name else entry.spec.name for entry in entries}
            raise PluginError(f"no {kind} is named {name!r}; {did_you_mean(name, known)}")
        return found[0]

    def bind(
        self,
        kind: type[S],
        name: str,
        settings: Mapping[str, Any],
        *,
        root: Path,
        where: str,
        schema: int = 1,
        notice: Callable[[str], None] = lambda line: None,
    ) -> Bound[S]:
        """Validate ``settings`` against the component's own model; ``where`` names the place in the project file.

        What is not set is as the component has it for projects of this ``schema``. What takes long is told by
        ``notice`` before it begins.

        Raises PluginError for an unknown name, ProjectError for a wrong or unknown setting, DataError for a file that
        cannot be fetched.
        """
        try:
            entry = self.find(kind.kind, name)
        except PluginError as error:
            raise PluginError(f"{where}: {error}") from error
        assert isinstance(entry.spec, kind), "the catalog files specs by their kind"
        newest: dict[str, Any] = {}
        for since in sorted(entry.spec.from_schema):
            newest |= entry.spec.from_schema[since] if since <= schema else {}
        bound, dumped = _settings(entry, newest | dict(settings), {"root": root, "notice": notice}, where)
        plugin = entry.plugin
        component = Component(
            name=entry.name,
            distribution=plugin.distribution,
            version=plugin.version,
            source=plugin.source,
            settings=dumped,
            revision=entry.revision,
        )
        return Bound(entry, entry.spec, bound, component)


def _settings(
    entry: Entry, settings: Mapping[str, Any], context: Mapping[str, Any], where: str
) -> tuple[BaseModel | None, dict[str, Any]]:
    """Settings as the component takes them, and as a record holds them."""
    model = entry.spec.config
    if model is None:
        if settings:
            raise ProjectError(*(f"{where}: {entry.name} takes no settings, but {name!r} is set" for name in settings))
        return None, {}
    try:
        with plugin_code(entry.name):
            return _validated(entry, model, settings, context, where)
    except ForeignError as error:
        raise PluginError(
            f"{where}: the settings of {entry.name} cannot be checked: its config raised {error}"
        ) from error


def _validated(
    entry: Entry, model: type[BaseModel], settings: Mapping[str, Any], context: Mapping[str, Any], where: str
) -> tuple[BaseModel, dict[str, Any]]:
    try:
        bound = model.model_validate(settings, context=context)
    except ValidationError as error:
        raise ProjectError(*(f"{where}: {reason}" for reason in reasons_of(error, model))) from error
    try:
        dumped = _recorded(entry, bound, context)
        canonical_json(json.loads(canonical_json(dumped)))  # it must be read back, too
    except ValueError as error:
        raise ProjectError(f"{where}: the settings of {entry.name} cannot be recorded: {error}") from error
    return bound, dumped


def _recorded(entry: Entry, settings: BaseModel, context: Mapping[str, Any]) -> dict[str, Any]:
    """All settings, so that a card shows them; of a component with revisions, without later ones at their default."""
    dumped = settings.model_dump(mode="json", context=context)
    if entry.revision is None:
        return dumped
    told = settings.model_dump(mode="json", context=context, exclude_defaults=True)
    return _released_or_told(settings, dumped, told, SETTINGS.get(entry.name, frozenset()))


def _released_or_told(
    settings: BaseModel, dumped: Mapping[str, Any], told: Mapping[str, Any], released: frozenset[str], section: str = ""
) -> dict[str, Any]:
    """Settings that released versions recorded in any case, and what is not at its default; so in every section."""
    kept: dict[str, Any] = {}
    for name, value in dumped.items():
        part = getattr(settings, name)
        if isinstance(part, BaseModel):
            inner = _released_or_told(part, value, told.get(name, {}), released, f"{section}{name}.")
            kept |= {name: inner} if inner else {}
        elif name in told or section + name in released:
            kept[name] = value
    return kept


def _importable(module: str) -> bool:
    try:
        with plugin_code(module):  # of a dotted name, the package is imported
            return importlib.util.find_spec(module) is not None
    except ForeignError:
        return False
