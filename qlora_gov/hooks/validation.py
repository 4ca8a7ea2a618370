"""Checking what a plugin contributes, before anything uses it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from qlora_gov.errors import PluginError, did_you_mean
from qlora_gov.hooks import hookspecs
from qlora_gov.hooks.discovery import Plugin
from qlora_gov.specs import MetricSpec, Spec

NAME = re.compile(r"[a-z][a-z0-9_-]*")
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("qlora_gov_"))


def check_hooks(plugin: Plugin) -> None:
    """Refuse wrappers, which could turn one plugin's FAIL into another's PASS, and misspelt hooks."""
    found = 0
    for name, function in inspect.getmembers(plugin.module, callable):
        options = getattr(function, f"{hookspecs.PROJECT}_impl", None)
        if options is None:
            continue
        found += 1
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginError(f"plugin {plugin.name!r}: {name} is a hook wrapper; wrappers are not allowed")
        hook = options["specname"] or name
        if hook not in HOOKS:
            raise PluginError(f"plugin {plugin.name!r}: no hook is named {hook!r}; {did_you_mean(hook, HOOKS)}")
    if not found:
        raise PluginError(
            f"plugin {plugin.name!r} of {plugin.distribution} implements no hook; mark one with @hookimpl"
        )


def check_spec(plugin: Plugin, hook: str, expected: type[Spec], spec: Any) -> None:
    """Raise PluginError unless ``spec`` is a usable ``expected``."""
    where = f"plugin {plugin.name!r}: {hook}"
    if type(spec) is not expected:
        raise PluginError(f"{where} returned a {type(spec).__name__}; each item must be a {expected.__name__}")
    if not isinstance(spec.name, str) or not NAME.fullmatch(spec.name):
        raise PluginError(f"{where}: the name {spec.name!r} must be lower case letters, digits, '_' or '-'")
    where = f"{where}: {spec.name}"
    if not callable(spec.factory):
        raise PluginError(f"{where}: factory is not callable")
    if spec.config is not None and not (isinstance(spec.config, type) and issubclass(spec.config, BaseModel)):
        raise PluginError(f"{where}: config is not a pydantic model")
    if isinstance(spec, MetricSpec):
        _check_metric(where, spec)


def _check_metric(where: str, spec: MetricSpec) -> None:
    if not spec.components or len(set(spec.components)) != len(spec.components):
        raise PluginError(f"{where}: components must name each sufficient statistic once")
    if unknown := spec.needs - {"response", "loglikelihood"}:
        raise PluginError(f"{where}: unknown need {sorted(unknown)[0]!r}; known: loglikelihood, response")
    if spec.margin not in ("absolute", "relative"):
        raise PluginError(f"{where}: margin {spec.margin!r} must be 'absolute' or 'relative'")
    if spec.binary and len(spec.components) != 2:
        raise PluginError(f"{where}: a binary metric has two components, hits and rows")
