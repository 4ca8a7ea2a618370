"""``verify`` as its users run it: what it refuses, what is only news, and what it cannot tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from qlora_gov.canonical import bytes_id
from qlora_gov.cli.main import run
from tests.support.imported import Imported


def kept(project: Imported, root: Path, name: str = "card.md") -> Path:
    """The newest card's file, kept somewhere else."""
    newest = project.ledger.entries("card")[-1]
    source = project.root / ".qlora_gov" / "cards" / newest.id[7:23] / name
    return Path(shutil.copy(source, root / name))


def execute(project: Imported, query: str) -> None:
    with duckdb.connect(str(project.root / ".qlora_gov" / "ledger.duckdb")) as connection:
        connection.execute(query)


def verify(card: Path, project: Imported) -> int:
    return run(["verify", str(card), "--project", str(project.root)])


def test_a_sound_ledger_is_verified_with_intervals(released: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert released("verify", "--intervals") == 0
    assert capsys.readouterr().out.endswith("value re-derived, every verdict's numbers too\n")


@pytest.mark.parametrize("name", ["card.md", "card.html"])
def test_a_kept_card_is_verified_and_refused_when_edited(
    released: Imported, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    card = kept(released, tmp_path, name)
    assert verify(card, released) == 0
    text = card.read_text()
    at = text.index("0.15")
    card.write_text(f"{text[:at]}0.16{text[at + 4 :]}")
    assert verify(card, released) == 12
    assert f"{card}: it was edited: it is not the file of entry " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["card.md", "card.html"])
def test_a_kept_card_shows_what_was_deleted_after_it_was_made(
    copy: Imported, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    card, head = kept(copy, tmp_path, name), copy.ledger.entries("decision")[-1]
    shutil.rmtree(copy.root / ".qlora_gov" / "cards")
    execute(copy, "DELETE FROM entries WHERE kind = 'card'")
    execute(copy, f"DELETE FROM entries WHERE seq >= {head.seq}")
    assert verify(card, copy) == 12
    out = capsys.readouterr().out
    assert f"tampered: entry {head.seq}: deleted or changed: the head kept of it is {head.hash}" in out
    assert f"tampered: {card}: a card whose entry is gone" in out


def test_a_card_whose_entry_was_the_last_is_missed(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert copy.ledger.entries()[-1].kind == "card"
    execute(copy, "DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)")
    assert copy("verify") == 12
    out = capsys.readouterr().out
    assert "card.html and 1 more: a card whose entry is gone" in out


def test_a_card_that_its_records_do_not_give_is_refused(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who can append writes a card of his own: no link and no digest is wrong."""
    card = copy.last("card")
    source = copy.root / ".qlora_gov" / "cards" / card.id[7:23]
    text = (source / "card.md").read_text().replace("REFUSED", "APPROVED").encode()
    other = card.model_copy(update={"files": {**card.files, "card.md": bytes_id(text)}})
    shutil.copytree(source, source.with_name(other.id[7:23]))
    (source.with_name(other.id[7:23]) / "card.md").write_bytes(text)
    copy.ledger.append(other)
    assert copy("verify") == 12
    assert ": its records give another card.md" in capsys.readouterr().out


def test_other_templates_are_only_news(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    templates = copy.root / "templates"
    templates.mkdir()
    (templates / "card.md.jinja").write_text("# {{ about.title }}\n")
    file = copy.root / "qlora_gov.yaml"
    file.write_text(file.read_text() + "templates: templates\n")
    assert copy("verify") == 0
    assert "source changed: entry " in capsys.readouterr().out


PLUGIN = "plugins/toy.py"


def test_a_plugin_that_changed_is_only_news_where_the_values_re_derive(
    copy: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copy.root / PLUGIN
    file.write_text(file.read_text() + "# a comment\n")
    assert copy("verify") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("source changed")]
    assert len(lines) == 1, "said once for all evaluations"
    assert " and 3 more: the plugin's source changed since toy/accuracy local measured this" in lines[0]
    assert lines[0].endswith("the value still re-derives")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("class Accuracy(MeanMetric):", "class Accuracy(MeanMetric):\n    def aggregate(self, sums):\n"
         "        return sums[..., 0]\n", "the value no longer re-derives"),
        ('name="accuracy"', 'name="other"', "plugin missing: "),
    ],
)  # fmt: skip
def test_what_the_plugins_at_hand_cannot_tell_is_no_tampering(
    copy: Imported, old: str, new: str, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copy.root / PLUGIN
    file.write_text(file.read_text().replace(old, new))
    assert copy("verify") == 3
    out = capsys.readouterr().out
    assert what in out
    assert "tampered" not in out


def test_rates_re_derive_without_their_guardrail(copy: Imported) -> None:
    (copy.root / "plugins" / "guard.py").unlink()
    assert copy("verify") == 0


def test_metrics_that_the_project_no_longer_names_re_derive(copy: Imported) -> None:
    file = copy.root / "qlora_gov.yaml"
    file.write_text(file.read_text().replace("- accuracy", "- rouge_l"))
    assert copy("verify") == 0
    execute(copy, 'UPDATE scores SET value = 1 - value WHERE metric = 0 AND component = 0 AND "row" = 3')
    assert copy("verify") == 12


def test_an_unreadable_record_is_named(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    execute(copy, "UPDATE entries SET record = 'x' WHERE seq = 5")
    assert copy("verify") == 12
    out = capsys.readouterr().out
    assert "entry 5 " in out
    assert "card whose entry is gone" not in out


def test_what_is_no_card_is_a_wrong_call(released: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(Path("no-such.md"), released) == 2
    assert "no-such.md: no card can be read there" in capsys.readouterr().err


def test_control_characters_do_not_reach_the_terminal(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    execute(copy, "UPDATE entries SET kind = chr(27) || '[2J' WHERE seq = 5")
    assert copy("verify") == 12
    assert "\x1b" not in capsys.readouterr().out
