"""Checking what a plugin contributes, before anything uses it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from qlora_gov.errors import PluginError, did_you_mean
from qlora_gov.explain import reasons_of
from qlora_gov.plugin import hookspecs
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.specs import SPECS, MetricSpec, Spec

NAME = re.compile(r"[a-z][a-z0-9_-]*")
HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("qlora_gov_"))
_ADAPTERS: Mapping[type[Spec], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in SPECS.values()}


def check_hooks(plugin: Plugin) -> None:
    """Refuse wrappers, which could turn one plugin's FAIL into another's PASS, and what pluggy passes over in silence.

    Raises PluginError for a misspelt hook, one with parameters, one without its mark, and for no hook at all.
    """
    found = 0
    for name, function in inspect.getmembers(plugin.module, inspect.isroutine):
        options = getattr(function, f"{hookspecs.PROJECT}_impl", None)
        if not isinstance(options, dict):
            if name in HOOKS:
                raise PluginError(f"plugin {plugin.name!r}: {name} is not marked with @hookimpl")
            continue
        found += 1
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginError(f"plugin {plugin.name!r}: {name} is a hook wrapper; wrappers are not allowed")
        hook = options["specname"] or name
        if hook not in HOOKS:
            raise PluginError(f"plugin {plugin.name!r}: no hook is named {hook!r}; {did_you_mean(hook, HOOKS)}")
        if inspect.signature(function).parameters:
            raise PluginError(f"plugin {plugin.name!r}: {name} has parameters; hooks are called with none")
    if not found:
        raise PluginError(
            f"plugin {plugin.name!r} of {plugin.distribution} implements no hook; mark one with @hookimpl"
        )


def check_spec(plugin: Plugin, hook: str, expected: type[Spec], spec: Any) -> Spec:
    """The spec, its collections frozen. Raises PluginError unless ``spec`` is a usable ``expected``."""
    where = f"plugin {plugin.name!r}: {hook}"
    if type(spec) is not expected:
        raise PluginError(f"{where} returned a {type(spec).__name__}; each item must be a {expected.__name__}")
    if not isinstance(spec.name, str) or not NAME.fullmatch(spec.name):
        raise PluginError(f"{where}: the name {spec.name!r} must be lower case letters, digits, '_' or '-'")
    where = f"{where}: {spec.name}"
    try:
        checked: Spec = _ADAPTERS[expected].validate_python(
            {field.name: getattr(spec, field.name) for field in fields(spec)}
        )
    except ValidationError as error:
        raise PluginError(*(f"{where}: {reason}" for reason in reasons_of(error))) from error
    if checked.config is not None and checked.config.model_config.get("extra", "ignore") == "ignore":
        raise PluginError(f"{where}: config ignores unknown keys; derive {checked.config.__name__} from Settings")
    if isinstance(checked, MetricSpec):
        _check_metric(where, checked)
    return checked


def _check_metric(where: str, spec: MetricSpec) -> None:
    if not spec.components or len(set(spec.components)) != len(spec.components):
        raise PluginError(f"{where}: components must name each sufficient statistic once")
    if spec.binary and len(spec.components) != 2:
        raise PluginError(f"{where}: a binary metric has two components, hits and rows")
    if spec.range is not None and not spec.range[0] < spec.range[1]:
        raise PluginError(f"{where}: range is the least value and the greatest, not {spec.range}")
