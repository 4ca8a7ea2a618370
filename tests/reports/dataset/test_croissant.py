"""The Croissant of exported versions, read and loaded by the field's own library."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import mlcroissant
import pytest

from qlora_gov.ledger.parquet import read_parquet
from qlora_gov.records import Absent
from qlora_gov.release.exports import export_version
from qlora_gov.reports.dataset.croissant import croissant_of
from qlora_gov.reports.dataset.description import described
from qlora_gov.reports.dataset.manifest import ExportedFile
from tests.support.golden import TRAINED, laid_out
from tests.support.versions import space_of, version_of

pytestmark = [  # what the library itself calls
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def exported(versions: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The directory of each role's version."""
    root, space = tmp_path_factory.mktemp("exported"), space_of(versions)
    for role in ("training", "evaluation"):
        export_version(space, version_of(space, role), root / role)
    return {role: root / role for role in ("training", "evaluation")}


def loaded(folder: Path, name: str) -> list[dict[str, Any]]:
    """The records of a record set, by their columns."""
    records = mlcroissant.Dataset(folder / "croissant.json").records(name)
    return [{key.rpartition("/")[2]: plain(value) for key, value in record.items()} for record in records]


def plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode()
        case list():
            return [{key.rpartition("/")[2]: plain(part) for key, part in turn.items()} for turn in value]
    return value


@pytest.mark.parametrize("role", ["training", "evaluation"])
def test_the_library_finds_nothing_wrong(exported: dict[str, Path], role: str) -> None:
    issues = mlcroissant.Dataset(exported[role] / "croissant.json").metadata.ctx.issues
    assert not issues.errors
    assert [warning for warning in issues.warnings if "MAJOR.MINOR.PATCH" not in warning] == []  # it is a digest


@pytest.mark.parametrize("role", ["training", "evaluation"])
@pytest.mark.parametrize("name", ["rows", "origins", "changes"])
def test_the_library_loads_the_rows_that_are_there(exported: dict[str, Path], role: str, name: str) -> None:
    table = duckdb.sql(f"FROM '{exported[role]}/{name}.parquet'")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
    assert loaded(exported[role], name) == rows
    assert bool(rows) == ((role, name) != ("evaluation", "changes"))


def test_it_says_where_rows_came_from_and_what_was_done(exported: dict[str, Path], versions: Path) -> None:
    found = json.loads((exported["training"] / "croissant.json").read_text())
    version = version_of(space_of(versions))
    assert found["version"] == version.digest
    assert found["license"] == [
        "https://spdx.org/licenses/CC-BY-4.0",
        {"@type": "sc:CreativeWork", "name": "no licence is stated"},
    ]
    first, second = found["prov:wasDerivedFrom"]
    assert "path data/asked.jsonl" in first["description"]
    assert {one["name"]: one["value"] for one in first["additionalProperty"]} == {
        "rows": 20,
        "provenance": "synthetic",
        "consent": "contract | 7",
    }
    assert {one["name"]: one["value"] for one in second["additionalProperty"]} == {"rows": version.sources[1].rows}
    assert len(first["sha256"]) == 64
    activities = found["prov:wasGeneratedBy"]
    assert [one["@id"] for one in activities] == ["reading", "step/1", "step/2", "step/3", "mix"]
    assert [one["prov:wasInformedBy"]["@id"] for one in activities[1:]] == ["reading", "step/1", "step/2", "step/3"]
    assert activities[3]["prov:used"] == {"@id": f"urn:qlora-gov:{version.held_out}"}
    assert "dropped 1: exact duplicate" in activities[1]["description"]
    assert found["rai:dataPreprocessingProtocol"] == [one["description"] for one in activities[1:4]]
    measured = {one["name"]: one["value"] for one in found["variableMeasured"]}
    assert measured["provenance: human"] == version.mix["provenance"]["human"]
    assert found["inLanguage"] == ["en"]


def test_it_describes_each_column_that_is_there_and_no_other(exported: dict[str, Path]) -> None:
    found = json.loads((exported["training"] / "croissant.json").read_text())
    for records in found["recordSet"][1:]:
        table = read_parquet(exported["training"] / f"{records['@id']}.parquet")
        assert [field["name"] for field in records["field"]] == list(table)
        assert all(field["description"] for field in records["field"])


def test_rows_of_the_first_release_say_themselves_where_they_came_from(tmp_path: Path) -> None:
    project = laid_out(TRAINED[0], tmp_path / "golden")
    space = space_of(project.root)
    for role in ("training", "evaluation"):
        export_version(space, version_of(space, role), tmp_path / role)
        assert not (tmp_path / role / "changes.parquet").exists()
        rows, origins = loaded(tmp_path / role, "rows"), loaded(tmp_path / role, "origins")
        assert [row["source"] for row in rows] == [origin["source"] for origin in origins]


@pytest.mark.parametrize(
    ("licence", "told"),
    [
        ("apache-2.0", "https://spdx.org/licenses/Apache-2.0"),
        ("MIT OR Apache-2.0", {"@type": "sc:CreativeWork", "name": "MIT OR Apache-2.0"}),
        ("our own terms", {"@type": "sc:CreativeWork", "name": "our own terms"}),
    ],
)
def test_a_licence_of_spdx_has_its_address(versions: Path, licence: str, told: object) -> None:
    description = described(version_of(space_of(versions)), "Tiny", "2026-01-01")
    assert isinstance(description.licences[1], Absent)
    changed = description.model_copy(update={"licences": (licence,)})
    file = ExportedFile(sha256="0" * 64, bytes=1)
    assert croissant_of(changed, {"rows.parquet": file})["license"] == [told]


def test_a_changed_byte_is_told_by_the_library_too(exported: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported["evaluation"], tmp_path / "touched"))
    data = bytearray((folder / "rows.parquet").read_bytes())
    data[20] ^= 1
    (folder / "rows.parquet").write_bytes(data)
    with pytest.raises(Exception, match="Download") as caught:
        loaded(folder, "rows")
    assert "Hash" in str(caught.value.__cause__)
