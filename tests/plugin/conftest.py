"""Plugins written on the spot: files in a directory, and distributions that look installed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

METRIC = """
from qlora_gov import MeanMetric, MetricSpec, hookimpl

class Length(MeanMetric):
    def score_row(self, row):
        return float(len(row.response))

SPEC = MetricSpec(
    name="length", summary="s", factory=Length, components=Length.components, higher_is_better=True, margin="relative"
)
"""
PLUGIN = f"{METRIC}\n@hookimpl\ndef qlora_gov_metrics():\n    return [SPEC]\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plugin, by default one with a metric, into a directory, which is returned."""

    def write_plugin(source: str = PLUGIN, name: str = "mine.py", directory: str = "plugins") -> Path:
        path = tmp_path / directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return tmp_path / directory

    return write_plugin


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes a distribution and its modules, whose names begin with ``their_``, importable until the test ends."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def install_distribution(distribution: str, entries: dict[str, str], modules: dict[str, str]) -> None:
        info = site / f"{distribution}-2.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(["[qlora_gov]", *lines, ""]))
        for name, source in modules.items():
            path = site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")

    yield install_distribution
    for name in set(sys.modules) - before:
        if name.startswith("their_"):
            del sys.modules[name]
