"""What may be promoted may be published, and nothing else; where it lies goes on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlora_gov.canonical import file_id
from qlora_gov.reports.dataset.manifest import parsed_manifest
from qlora_gov.verification.exports import published_problems
from tests.release.samples import TODAY, said
from tests.support.hub import LoopbackHub
from tests.support.imported import BAD, Imported
from tests.support.trackers import mlflow_store

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the hub's client's own call
FILES = {
    *("adapter_config.json", "adapter_model.safetensors"),
    *("README.md", "card.html", "bom.cdx.json", "decision.json", "manifest.json"),
}


@pytest.fixture
def approved(project: Imported) -> Imported:
    assert project("gate") == 0
    return project


@pytest.fixture
def store(mlflow_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)  # where a local store puts the files of runs
    with mlflow_store(mlflow_database, tmp_path, monkeypatch) as uri:
        yield uri


def test_a_directory_holds_all_that_a_reader_needs(
    approved: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"file://{tmp_path}/models"
    assert approved("publish", "--to", url, "--author", "Ann") == 0
    record = approved.last("publication")
    assert f"published: adapter {record.adapter} to {record.place}\n" in capsys.readouterr().out
    assert (record.decision, record.author) == (approved.last("decision").id, "Ann")

    (folder,) = (tmp_path / "models").iterdir()
    assert record.place == f"{url}/{folder.name}"
    assert folder.name == record.digest.removeprefix("sha256:")
    assert {path.name for path in folder.iterdir()} == FILES
    assert {name: file_id(folder / name) for name in record.files} == record.files
    assert file_id(folder / "decision.json") == record.decision
    assert json.loads((folder / "decision.json").read_text())["content"]["outcome"] == "APPROVED"
    manifest = parsed_manifest((folder / "manifest.json").read_bytes(), "here")
    assert (manifest.record, manifest.version) == (record.adapter, record.digest)
    assert not list(published_problems(folder, manifest))
    assert approved("verify") == 0

    head = approved.ledger.head()
    assert approved("publish", "--to", url, "--author", "Ann") == 0, "it is there already"
    assert approved.ledger.head() == head
    (folder / "README.md").write_text("other")
    assert approved("publish", "--to", url) == 12
    assert "README.md: not the size and SHA-256" in said(capsys)


def test_a_registry_holds_a_version_with_what_it_rests_on(approved: Imported, store: str) -> None:
    from mlflow import MlflowClient

    assert approved("publish", "--to", f"mlflow:{store}") == 0
    record = approved.last("publication")
    assert record.place == f"mlflow:{store}, models:/Toy/1"
    client = MlflowClient(store, store)
    version = client.get_model_version("Toy", "1")
    decision = approved.last("decision")
    wanted = {"adapter": record.adapter, "decision": decision.id, "outcome": "APPROVED", "digest": record.digest}
    assert {f"qlora_gov.{name}": value for name, value in wanted.items()}.items() <= version.tags.items()
    run = client.get_run(version.run_id)
    assert (run.info.status, run.data.metrics) == ("FINISHED", {"accuracy": pytest.approx(0.95)})
    assert {Path(one.path).name for one in client.list_artifacts(version.run_id, "adapter")} == FILES

    head = approved.ledger.head()
    assert approved("publish", "--to", f"mlflow:{store}") == 0
    assert approved.ledger.head() == head
    assert len(client.search_model_versions("name = 'Toy'")) == 1, "it is there already"
    assert approved("verify") == 0


def test_a_model_of_the_hub_is_one_commit(approved: Imported, hub: LoopbackHub) -> None:
    assert approved("publish", "--to", "hub://acme/toy") == 0
    repository = hub.repositories["acme/toy"]
    assert repository.private
    (commit,) = repository.commits
    assert set(repository.commits[commit]) == FILES
    assert approved.last("publication").place == f"hub://acme/toy, revision: {commit}"
    assert any(line.startswith("POST /api/models/acme/toy/") for line in hub.asked)


def test_what_cannot_be_promoted_is_not_published(
    project: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ("--to", f"file://{tmp_path}/models")
    assert project("publish", *target) == 14
    assert "there is no candidate" in said(capsys)
    adapter = project.adapters()[0].id
    assert project("publish", "--adapter", adapter, *target) == 14
    assert "there is no decision on adapter" in said(capsys)
    assert project("gate") == 0
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.11}])
    assert project("publish", *target) == 14
    assert "not published: decision " in said(capsys)
    assert project("gate") == 3, "under a policy that came after the answers"
    assert project("publish", "--adapter", adapter, *target) == 14
    assert project.log(BAD, "b") == 0
    assert project("gate") in (1, 3)
    assert project("publish", *target) == 14
    assert "no waiver holds for it" in said(capsys)
    assert not (tmp_path / "models").exists()
    assert not project.ledger.entries("publication")


def test_a_waiver_that_holds_lets_it_leave(project: Imported, tmp_path: Path) -> None:
    assert project.log(BAD, "b") == 0
    assert project("gate") == 1
    rule = ("--rule", "non_inferior accuracy", "--until", TODAY.isoformat())
    assert project("waive", *rule, "--author", "Ann", "--reason", "rare") == 0
    assert project("publish", "--to", f"file://{tmp_path}/models") == 0
    assert project.last("publication").waivers == (project.last("waiver").id,)
    assert project("verify") == 0


def test_the_champion_is_published_after_its_promotion_and_not_once_it_was_rolled_back(
    approved: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ("--to", f"file://{tmp_path}/models")
    assert approved("promote") == approved("publish", *target) == approved("verify") == 0
    assert approved("rollback") == 0
    assert approved("publish", *target) == 14
    assert "rolled back since" in said(capsys)


def test_another_file_than_was_decided_on_is_not_published(approved: Imported, tmp_path: Path) -> None:
    weights = next(approved.root.glob(".qlora_gov/adapters/*/adapter_model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    assert approved("publish", "--to", f"file://{tmp_path}/models") == 14


@pytest.mark.parametrize("url", ["mlflow:", "mlflow:https://ann:secret@host", "hub:acme", "nowhere://x"])
def test_a_target_of_no_known_kind_is_told(approved: Imported, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert approved("publish", "--to", url) == 2
    told = said(capsys)
    assert len(told.splitlines()) == 1
    assert "secret" not in told
