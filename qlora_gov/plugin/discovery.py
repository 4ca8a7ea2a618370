"""Finding plugins: entry points of installed distributions, and files in a project's plugin directories."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import CodeType, ModuleType

from qlora_gov.errors import GovError, PluginError, ProjectError
from qlora_gov.plugin.calls import ForeignError, plugin_code, reason_of
from qlora_gov.plugin.hookspecs import PROJECT


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin: its name, where it came from, and the digest of its source."""

    name: str
    distribution: str
    version: str
    source: str
    module: ModuleType


def discover(directories: Iterable[Path] = ()) -> list[Plugin]:
    """Load every plugin, sorted by name. Raises PluginError for a clash or a failed import."""
    plugins: dict[str, Plugin] = {}
    each_once = dict.fromkeys(directory.resolve() for directory in directories)
    for plugin in [*_installed(), *(p for directory in each_once for p in _in_directory(directory))]:
        other = plugins.setdefault(plugin.name, plugin)
        if other is not plugin:
            both = " and ".join(f"{p.distribution} ({p.module.__file__})" for p in (other, plugin))
            raise PluginError(f"two plugins are named {plugin.name!r}: {both}; rename or remove one")
    return [plugins[name] for name in sorted(plugins)]


def _installed() -> Iterator[Plugin]:
    for entry in sorted(entry_points(group=PROJECT), key=lambda entry: (entry.name, entry.value)):
        distribution = entry.dist.name if entry.dist else "an unknown distribution"
        version = entry.dist.version if entry.dist else "unknown"
        module = _import(entry, distribution)
        yield Plugin(entry.name, distribution, version, _source_digest(module), module)


def _import(entry: EntryPoint, distribution: str) -> ModuleType:
    try:
        with plugin_code(entry.name):
            module = entry.load()
    except (ForeignError, GovError) as error:
        raise PluginError(_failed(entry.name, distribution, error)) from error
    if not isinstance(module, ModuleType) or module.__file__ is None:
        raise PluginError(f"plugin {entry.name!r} of {distribution}: {entry.value} is not a module with a file")
    return module


def _in_directory(directory: Path) -> Iterator[Plugin]:
    if not directory.is_dir():
        raise ProjectError(f"no such plugins directory: {directory}")
    packages = [path.parent for path in directory.glob("*/__init__.py")]
    files = [path for path in directory.glob("*.py") if not path.name.startswith("_")]
    for path in sorted([*packages, *files]):
        where = f"{directory.name}/{path.name}"
        module = _load_file(path, where)
        yield Plugin(path.stem, where, "local", _source_digest(module), module)


class _FromSource(SourceFileLoader):
    """Runs the source that is digested: bytecode of before an edit within the second passes for that of after it."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _load_file(path: Path, where: str) -> ModuleType:
    name = f"qlora_gov_local_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    target = path / "__init__.py" if path.is_dir() else path
    spec = importlib.util.spec_from_file_location(name, target, loader=_FromSource(name, str(target)))
    assert spec is not None, "a .py file always has a loader"
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with plugin_code(path.stem):
            spec.loader.exec_module(module)
    except (ForeignError, GovError) as error:
        del sys.modules[name]
        raise PluginError(_failed(path.stem, where, error)) from error
    return module


def _failed(name: str, where: str, error: ForeignError | GovError) -> str:
    said = str(error) if isinstance(error, ForeignError) else reason_of(error)
    return f"plugin {name!r} of {where} fails to import: {said}"


def _source_digest(module: ModuleType) -> str:
    """The digest of a module's source: its file, or every Python file of the package that it is in."""
    file = Path(module.__file__ or "")
    in_package = module.__spec__ is not None and module.__spec__.parent
    paths = sorted(file.parent.rglob("*.py")) if in_package else [file]
    digest = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(file.parent).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return f"sha256:{digest.hexdigest()}"
