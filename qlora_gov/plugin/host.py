"""Loading plugins through pluggy into a catalog."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pluggy

from qlora_gov.errors import PluginError
from qlora_gov.plugin import hookspecs
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.discovery import Plugin, discover
from qlora_gov.plugin.specs import SPECS
from qlora_gov.plugin.validation import check_hooks, check_spec


def load_catalog(directories: Iterable[Path] = ()) -> Catalog:
    """Discover, check and freeze all plugins. Raises PluginError naming the plugin at fault."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    entries: list[Entry] = []
    for plugin in discover(directories):
        try:
            with plugin_code(f"plugin {plugin.name!r}"):  # a module may run code when its names are asked for
                check_hooks(plugin)
                _register(manager, plugin)
        except ForeignError as error:
            raise PluginError(f"plugin {plugin.name!r} of {plugin.distribution} raised {error}") from error
        entries.extend(_contributions(manager, plugin))
    return Catalog(entries)


def _register(manager: pluggy.PluginManager, plugin: Plugin) -> None:
    try:
        manager.register(plugin.module, name=plugin.name)
    except ValueError as error:
        raise PluginError(f"plugin {plugin.name!r} of {plugin.distribution}: {error}") from error


def _contributions(manager: pluggy.PluginManager, plugin: Plugin) -> Iterable[Entry]:
    others = [other for other in manager.get_plugins() if other is not plugin.module]
    for kind, expected in SPECS.items():
        hook = f"{hookspecs.PROJECT}_{kind}s"
        caller = manager.subset_hook_caller(hook, others)
        try:
            with plugin_code(f"plugin {plugin.name!r}: {hook}"):
                results = caller()
        except ForeignError as error:
            raise PluginError(f"plugin {plugin.name!r}: {hook} raised {error}") from error
        if len(results) < len(caller.get_hookimpls()):  # pluggy leaves out what is None
            raise PluginError(f"plugin {plugin.name!r}: {hook} returned None; return a list of specs")
        for specs in results:
            if not isinstance(specs, list | tuple):
                raise PluginError(f"plugin {plugin.name!r}: {hook} returned a {type(specs).__name__}, not a list")
            for spec in specs:
                yield Entry(plugin, check_spec(plugin, hook, expected, spec))
