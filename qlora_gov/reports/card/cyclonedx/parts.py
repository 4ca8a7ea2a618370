"""The small parts that every component of a bill of materials is put together from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from qlora_gov.canonical import canonical_json
from qlora_gov.records import Absent, Component, Interval
from qlora_gov.reports.rendering.figures import setting_lines

T = TypeVar("T")

_PREFIX = "qlora_gov:"


class Known:
    """Tells what is known from what is Absent, and keeps a property with the reason for each that is."""

    def __init__(self) -> None:
        self.missing: list[dict[str, str]] = []

    def __call__(self, name: str, value: T | Absent) -> T | None:
        """The value, or None where it is Absent."""
        if not isinstance(value, Absent):
            return value
        self.missing += properties([(f"not_measured:{name}", value.absent)])
        return None


def component(kind: str, ref: str, name: str, **fields: Any) -> dict[str, Any]:
    """A component with those of its fields that hold something. ``ref`` is unique in the bill."""
    return {"type": kind, "bom-ref": ref, "name": name, **{key: value for key, value in fields.items() if value}}


def properties(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Names and values that CycloneDX has no field for, in the program's own namespace."""
    return [{"name": _PREFIX + name, "value": value} for name, value in pairs]


def setting_pairs(prefix: str, used: Component) -> list[tuple[str, str]]:
    """The settings of a component of the catalog, as pairs for ``properties``."""
    return [(f"{prefix}:{name}", text) for name, text in setting_lines(used.settings)]


def hashes(*content_ids: str) -> list[dict[str, str]]:
    """Content ids ``sha256:...`` as hashes."""
    return [{"alg": "SHA-256", "content": content_id.removeprefix("sha256:")} for content_id in content_ids]


def licences(licence: str) -> list[dict[str, Any]]:
    """A licence as an SPDX expression where it is one, else by its own name."""
    try:
        return [{"expression": canonicalize_license_expression(licence)}]
    except InvalidLicenseExpression:
        return [{"license": {"name": licence}}]


def figure(value: float) -> str:
    """A number as CycloneDX wants it, in a text, and exactly."""
    return canonical_json(value).decode()


def confidence(interval: Interval | None) -> dict[str, str]:
    """The ends of an interval that were computed."""
    ends = {} if interval is None else {"lowerBound": interval.low, "upperBound": interval.high}
    return {name: figure(end) for name, end in ends.items() if end is not None}
