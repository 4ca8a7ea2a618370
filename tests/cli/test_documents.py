"""Cards, signatures and changelogs from the command line, on a project that trains nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.imported import BETTER, GOOD, Imported, make_imported


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Two adapters were released one after the other, and the second was rolled back."""
    project = make_imported(tmp_path_factory.mktemp("documents") / "project")
    assert project.log(GOOD) == 0
    for name in ("a", "b"):
        assert project.log(BETTER, name) == project("gate") == project("promote", "--author", "Ann") == 0
    assert project("card") == project("rollback", "--author", "Bob") == 0
    return project


@pytest.fixture
def card(project: Imported) -> Path:
    return next(project.root.glob(".qlora_gov/cards/*"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("keys")
    private, public = directory / "release.pem", directory / "release.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private


def test_a_card_is_written_for_the_hub_for_people_and_for_scanners(card: Path) -> None:
    assert sorted(path.name for path in card.iterdir()) == ["bom.cdx.json", "card.html", "card.md"]
    assert card.joinpath("card.md").read_text().startswith("---\n")
    assert card.joinpath("card.html").read_text().startswith("<!doctype html>")
    assert json.loads(card.joinpath("bom.cdx.json").read_text())["bomFormat"] == "CycloneDX"


def test_a_card_is_signed_and_the_signature_holds(project: Imported, card: Path, key: Path) -> None:
    public = str(key.with_name("release.pub.pem"))
    assert project("sign", "--key", str(key)) == 0
    assert (card / "statement.dsse.json").is_file()
    assert project("verify", "--key", public) == 0
    kept = next(project.root.glob(".qlora_gov/adapters/*/adapter_model.safetensors"))
    assert b"PRIVATE" not in project.root.joinpath(".qlora_gov/ledger.duckdb").read_bytes()
    weights = [path.read_bytes() for path in project.root.glob(".qlora_gov/adapters/*/adapter_model.safetensors")]
    assert kept.read_bytes() in weights


def test_another_key_or_an_edited_envelope_is_refused(
    project: Imported, card: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pem"
    public = tmp_path / "other.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True)
    subprocess.run(["openssl", "pkey", "-in", other, "-pubout", "-out", public], check=True)
    assert project("sign", "--key", str(key)) == 0
    assert project("verify", "--key", str(public)) == 12
    envelope = card / "statement.dsse.json"
    whole = envelope.read_text()
    envelope.write_text(whole.replace('"payload":"e', '"payload":"f'))
    capsys.readouterr()
    assert project("verify", "--key", str(key.with_name("release.pub.pem"))) == 12
    envelope.write_text(whole)
    assert project("verify", "--key", str(key.with_name("release.pub.pem"))) == 0


def test_a_card_that_is_not_signed_fails_where_a_signature_is_asked_for(
    project: Imported, card: Path, key: Path
) -> None:
    (card / "statement.dsse.json").unlink(missing_ok=True)
    assert project("verify", "--key", str(key.with_name("release.pub.pem"))) == 12
    assert project("verify") == 0


def test_a_card_whose_files_are_gone_is_not_signed(
    project: Imported, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(project.root, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / ".qlora_gov" / "cards")
    assert Imported(tmp_path / "copy")("sign", "--key", str(key)) == 2
    assert "'qlora-gov card' writes them" in capsys.readouterr().err


def test_a_changelog_tells_releases_and_rollbacks(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert project("changelog") == 0
    out = capsys.readouterr().out
    assert out.startswith("# Changelog of Toy")
    assert out.count("accuracy") >= 2
    assert "Bob" in out


def test_a_project_s_own_template_stands_before_the_installed_one(project: Imported, tmp_path: Path) -> None:
    copy = Imported(tmp_path / "copy")
    shutil.copytree(project.root, copy.root)
    (copy.root / "words").mkdir()
    (copy.root / "words" / "card.md.jinja").write_text("Ours: {{ about.title }}, {{ decision.outcome }}\n")
    file = copy.root / "qlora_gov.yaml"
    file.write_text(file.read_text() + "templates: words\n")
    assert copy("card") == 0
    assert any("Ours: Toy, APPROVED" in path.read_text() for path in copy.root.glob(".qlora_gov/cards/*/card.md"))
    assert copy("verify") == 0
    (copy.root / "words" / "card.md.jinja").write_text("{{ about.titel }}\n")
    assert copy("card") == 4


def test_a_summary_is_written_by_the_projects_own_template(copy: Imported, tmp_path: Path) -> None:
    file = copy.root / "qlora_gov.yaml"
    file.write_text(f"templates: words\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    (copy.root / "words").mkdir()
    (copy.root / "words" / "summary.md.jinja").write_text("Ours: {{ rules|length }} rule(s)\n", encoding="utf-8")
    copy("gate", "--summary", str(tmp_path / "summary.md"))
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == "Ours: 3 rule(s)\n"
