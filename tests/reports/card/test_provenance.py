from collections.abc import Callable
from typing import Any

from qlora_gov.canonical import content_id
from qlora_gov.reports.card.provenance import provenance_part
from qlora_gov.reports.card.records import CardRecords


def test_every_plugin_version_that_worked_is_named(records: Callable[..., CardRecords]) -> None:
    part = provenance_part(records())
    assert [plugin.name for plugin in part.plugins] == ["data", "gates", "guardrails", "metrics", "nf4"]
    assert part.fingerprint == content_id([list(plugin.model_dump().values()) for plugin in part.plugins])


def test_an_importer_is_a_plugin_that_worked(records: Callable[..., CardRecords], imported: dict[str, Any]) -> None:
    part = provenance_part(records(**imported))
    assert [plugin.name for plugin in part.plugins] == ["data", "gates", "guardrails", "imports", "metrics"]
    names = [line.name for line in part.references]
    assert "log of the candidate's answers" in names
    assert {"base", "training set"}.isdisjoint(names)


def test_every_record_stands_under_one_name(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    given = records(**everything)
    lines = provenance_part(given).references
    ids = {line.name: line.id for line in lines}
    assert len(ids) == len(lines)
    assert ids["decision"] == given.decision.id
    assert (ids["champion's adapter"], ids["reference's adapter"]) == ("sha256:c", "sha256:d")
    assert ids["the project's own words"] == given.about.id
    assert ids["training set's rows"] == given.training.digest  # type: ignore[union-attr]
