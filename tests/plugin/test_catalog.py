from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from qlora_gov.canonical import bytes_id, content_id
from qlora_gov.errors import MissingExtraError, PluginError, ProjectError
from qlora_gov.plugin import catalog
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.discovery import Plugin
from qlora_gov.plugin.host import load_catalog
from qlora_gov.plugin.settings import ProjectFile, Settings
from qlora_gov.plugin.specs import FilterSpec, GateSpec, MetricSpec
from qlora_gov.project.components import bind_components
from qlora_gov.project.uses import StepSettings
from qlora_gov.records.released import DISTRIBUTION


class WordSettings(Settings):
    rules: ProjectFile | None = None
    limit: float = 0.5


class Opaque(BaseModel):
    model_config = ConfigDict(extra="forbid")
    value: Any = None
    number: float = 0.0


class Words:
    def __init__(self, settings: Any = None) -> None:
        self.settings = settings

    def apply(self, examples: Any, held_out: Any) -> Any:
        return examples


OURS = Plugin("ours", "our-dist", "1", "sha256:0", ModuleType("ours"))
THEIRS = Plugin("theirs", "their-dist", "2", "sha256:1", ModuleType("theirs"))
PLAIN = FilterSpec(name="plain", summary="s", factory=Words)
WORDS = FilterSpec(name="words", summary="s", factory=Words, config=WordSettings)
OPAQUE = FilterSpec(name="opaque", summary="s", factory=Words, config=Opaque)
METRIC = MetricSpec(
    name="words", summary="s", factory=Words, components=("sum", "rows"), higher_is_better=True, margin="absolute"
)
CATALOG = Catalog(
    [Entry(OURS, PLAIN), Entry(OURS, WORDS), Entry(THEIRS, PLAIN), Entry(THEIRS, METRIC), Entry(OURS, OPAQUE)]
)


def bind(name: str, settings: dict[str, Any], root: Path = Path()) -> Any:
    return CATALOG.bind(FilterSpec, name, settings, root=root, where="data.training.steps[2]")


def test_names_resolve_within_their_kind() -> None:
    assert CATALOG.find("filter", "words").name == "ours/words"
    assert CATALOG.find("metric", "words").name == "theirs/words"
    assert CATALOG.find("filter", "theirs/plain").plugin is THEIRS


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (
            "filter",
            "plain",
            "filter 'plain' is ambiguous: ours/plain (from our-dist) and theirs/plain (from their-dist); "
            "write the full name",
        ),
        ("filter", "word", "no filter is named 'word'; did you mean 'words'?"),
        ("filter", "ours/word", "no filter is named 'ours/word'; did you mean 'ours/words'?"),
        ("filter", "theirs/words", "no filter is named 'theirs/words'; known: ours/words"),
        (
            "filter",
            "ours/nothing",
            "no filter is named 'ours/nothing'; known: ours/opaque, ours/plain, ours/words, theirs/plain",
        ),
        ("metric", "plain", "no metric is named 'plain'; known: words"),
        ("gate", "words", "no gate is named 'words'; none are known"),
    ],
)
def test_a_name_that_does_not_resolve_is_answered(kind: str, name: str, said: str) -> None:
    with pytest.raises(PluginError) as caught:
        CATALOG.find(kind, name)
    assert str(caught.value) == said


def test_a_plugin_cannot_use_a_name_twice_within_a_kind() -> None:
    with pytest.raises(PluginError, match="plugin 'ours' contributes two filters named 'plain'"):
        Catalog([Entry(OURS, PLAIN), Entry(OURS, replace(PLAIN, summary="another"))])


def test_the_fingerprint_is_of_the_plugins() -> None:
    def fingerprint(*plugins: Plugin) -> str:
        return Catalog(Entry(plugin, PLAIN) for plugin in plugins).fingerprint

    assert fingerprint(OURS, THEIRS) == fingerprint(THEIRS, OURS)
    changes = [{"version": "3"}, {"source": "sha256:2"}, {"distribution": "other"}, {"name": "zebra"}]
    others = {fingerprint(OURS, replace(THEIRS, **change)) for change in changes}
    assert len(others | {fingerprint(OURS, THEIRS), fingerprint(OURS)}) == 6


def test_a_bound_component_records_its_settings_and_takes_them(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"rules")
    bound = bind("words", {"rules": "rules.yaml"}, tmp_path)
    assert bound.component.settings == {"rules": {"path": "rules.yaml", "digest": bytes_id(b"rules")}, "limit": 0.5}
    assert bound.component.name == "ours/words"
    assert (bound.component.distribution, bound.component.version, bound.component.source) == (
        "our-dist",
        "1",
        "sha256:0",
    )
    assert bound.make().settings == WordSettings(rules=tmp_path / "rules.yaml")
    assert bind("ours/plain", {}).make().settings is None


class Bounds(Settings):
    least: int = 0
    most: int | None = None
    unit: str = "words"


class SectionSettings(Settings):
    answer: Bounds = Bounds()
    prompt: Bounds = Bounds()
    strict: bool = False


@pytest.mark.parametrize(
    ("settings", "recorded"),
    [
        ({}, {"answer": {"least": 0}}),
        ({"answer": {"least": 0, "unit": "words"}, "strict": False}, {"answer": {"least": 0}}),
        ({"prompt": {"most": 9}}, {"answer": {"least": 0}, "prompt": {"most": 9}}),
        ({"answer": {"unit": "lines"}, "strict": True}, {"answer": {"least": 0, "unit": "lines"}, "strict": True}),
    ],
)
def test_a_setting_that_came_later_is_recorded_where_it_says_something(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], recorded: dict[str, Any]
) -> None:
    monkeypatch.setattr(catalog, "SETTINGS", {"ours/sections": frozenset({"answer.least"})})
    spec = FilterSpec(name="sections", summary="s", factory=dict, config=SectionSettings)
    entry = Entry(replace(OURS, distribution=DISTRIBUTION), spec)
    bound = Catalog([entry]).bind(FilterSpec, "sections", settings, root=Path(), where="w")
    assert bound.component.settings == recorded


@pytest.mark.parametrize(
    ("schema", "settings", "recorded"),
    [
        (1, {}, {"answer": {"least": 0}}),
        (2, {}, {"answer": {"least": 0}, "strict": True}),
        (3, {}, {"answer": {"least": 0}, "strict": True, "prompt": {"most": 5}}),
        (4, {"strict": False}, {"answer": {"least": 0}, "prompt": {"most": 5}}),
    ],
)
def test_a_better_default_is_that_of_a_later_schema_and_on_record(
    monkeypatch: pytest.MonkeyPatch, schema: int, settings: dict[str, Any], recorded: dict[str, Any]
) -> None:
    monkeypatch.setattr(catalog, "SETTINGS", {"ours/sections": frozenset({"answer.least"})})
    since = {3: {"prompt": {"most": 5}}, 2: {"strict": True}}
    spec = FilterSpec(name="sections", summary="s", factory=dict, config=SectionSettings, from_schema=since)
    entry = Entry(replace(OURS, distribution=DISTRIBUTION), spec)
    bound = Catalog([entry]).bind(FilterSpec, "sections", settings, root=Path(), where="w", schema=schema)
    assert bound.component.settings == recorded


@pytest.mark.parametrize(
    ("name", "settings", "error", "said"),
    [
        ("word", {}, PluginError, "no filter is named 'word'; did you mean 'words'?"),
        ("words", {"limt": 1}, ProjectError, "unknown key 'limt'; did you mean 'limit'?"),
        ("words", {"limit": "high"}, ProjectError, "limit: input should be a valid number"),
        ("words", {"limit": float("inf")}, ProjectError, "limit: input should be a finite number"),
        ("words", {"rules": "none.yaml"}, ProjectError, "rules: no such file: "),
        ("ours/plain", {"limit": 1}, ProjectError, "ours/plain takes no settings, but 'limit' is set"),
    ],
)
def test_what_cannot_be_bound_is_named_with_its_place(
    name: str, settings: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        bind(name, settings)
    assert str(caught.value).startswith(f"data.training.steps[2]: {said}")


@pytest.mark.parametrize(
    "settings",
    [{"number": float("nan")}, {"number": float("inf")}]
    + [{"value": value} for value in (2**53, 1e16, range(3), {"a": [2**60]}, b"\xff")],
    ids=str,
)
def test_settings_that_no_record_could_hold_are_refused_before_any_work(settings: dict[str, Any]) -> None:
    with pytest.raises(ProjectError, match=r"steps\[2\]: the settings of ours/opaque cannot be recorded: "):
        bind("opaque", settings)


@pytest.mark.parametrize("value", [0.1, 2**53 - 1, 1e22, "é", None, [True, {"a": -0.0}]], ids=repr)
def test_settings_that_a_record_can_hold_are_held(value: Any) -> None:
    assert content_id(bind("opaque", {"value": value}).component.settings) == content_id({"value": value, "number": 0})


def test_a_missing_library_is_an_error_only_of_a_component_that_is_used() -> None:
    needs = replace(PLAIN, name="needs", requires=("numpy", "no_such_library", "no_such.inner"), extra="metrics")
    entry = Entry(THEIRS, needs)
    bound = Catalog([entry]).bind(FilterSpec, "needs", {}, root=Path(), where="here")
    assert entry.missing == ("no_such_library", "no_such.inner")
    with pytest.raises(MissingExtraError) as caught:
        bound.require()
    assert str(caught.value) == (
        'theirs/needs needs no_such_library, no_such.inner, not installed; run: pip install "their-dist[metrics]"'
    )
    assert isinstance(bound.make(), Words)
    assert Entry(THEIRS, replace(needs, extra=None)).install_command == 'pip install "their-dist"'
    bind("words", {}).require()


def test_a_spec_is_asked_for_by_its_class() -> None:
    gate = GateSpec(name="words", summary="s", factory=Words)
    catalog = Catalog([Entry(OURS, gate), Entry(OURS, METRIC)])
    assert catalog.bind(GateSpec, "words", {}, root=Path(), where="here").spec is gate
    assert catalog.bind(MetricSpec, "words", {}, root=Path(), where="here").spec is METRIC


def test_what_is_not_set_is_as_the_projects_schema_has_it() -> None:
    spec = replace(OPAQUE, from_schema={2: {"value": "second"}, 4: {"value": "fourth", "number": 4.0}})
    catalog = Catalog([Entry(OURS, spec)])

    def bound(schema: int, **settings: Any) -> dict[str, Any]:
        given = catalog.bind(FilterSpec, "opaque", settings, root=Path(), where="w", schema=schema)
        return dict(given.component.settings)

    assert [bound(schema)["value"] for schema in (1, 2, 3, 4)] == [None, "second", "second", "fourth"]
    assert bound(5, value="own") == {"value": "own", "number": 4.0}


def test_a_projects_schema_is_the_one_that_its_components_are_bound_by(tmp_path: Path) -> None:
    """What is on record says it, so that evidence of one schema is not taken for that of another."""
    catalog = load_catalog()
    for schema, settings in ((1, {}), (2, {"invisible": "passed_over"})):
        named = [("data.training.steps[0]", StepSettings(use="exact_duplicates"), FilterSpec)]
        bound = bind_components(named, catalog, tmp_path, schema)
        assert bound["data.training.steps[0]"].component.settings == settings
