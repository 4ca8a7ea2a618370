"""Every block of code in the documents does what it says; see ``session.py`` for what is run and compared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from qlora_gov.attestations import PASSPHRASE_VARIABLE
from qlora_gov.cli.main import cli
from tests.docs.markdown import Block, blocks_of, documents
from tests.docs.session import Session, agree, commands_of
from tests.support.embedded import tiny_embedded

LANGUAGES = {"console", "json", "python", "sh", "text", "yaml"}
BLOCKS = {document: list(blocks_of(document)) for document in documents()}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return tiny_embedded(tmp_path_factory.mktemp("embedded"))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(document, id=document.stem, marks=pytest.mark.xdist_group(f"document {document.stem}"))
        for document, blocks in BLOCKS.items()
        if any(block.language != "text" and block.not_run is None for block in blocks)
    ],
)
def test_a_document_does_what_it_says(document: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    shell = any(block.language == "console" and block.not_run is None for block in BLOCKS[document])
    session = Session(tmp_path, request.getfixturevalue("variables") if shell else {PASSPHRASE_VARIABLE: "a phrase"})
    for block in BLOCKS[document]:
        if block.language != "text" and block.not_run is None:
            session.run(block)


def test_every_block_says_what_it_is() -> None:
    assert [str(block) for blocks in BLOCKS.values() for block in blocks if block.language not in LANGUAGES] == []


def test_what_is_not_run_is_little() -> None:
    skipped: list[Block] = [block for blocks in BLOCKS.values() for block in blocks if block.not_run]
    ran = [block for blocks in BLOCKS.values() for block in blocks if block.language != "text" and not block.not_run]
    assert len(skipped) < len(ran) / 2, "\n".join(f"{block}: {block.not_run}" for block in skipped)


def test_a_command_that_is_not_run_is_known_with_its_options() -> None:
    skipped = [block for blocks in BLOCKS.values() for block in blocks if block.not_run and block.language == "console"]
    lines = [shlex.split(command, comments=True) for block in skipped for command, _ in commands_of(block.text)]
    ours = [line[1:] for line in lines if line[0] == "qlora-gov"]
    assert len(ours) > 10
    for arguments in ours:
        command: click.Command = cli
        context = click.Context(cli, **cli.context_settings)
        while isinstance(command, click.Group):
            command = command.get_command(context, arguments.pop(0)) or cli
            context = click.Context(command, context)
        command.make_parser(context).parse_args(arguments)  # raises for an option that is not there


@pytest.mark.parametrize(
    ("said", "printed", "same"),
    [
        ("PASS  0.5 of 12", "PASS 0.25 of 7", True),
        ("PASS  0.5", "FAIL 0.5", False),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nb", False),
        ("card: cards/a07df6fe9f679e73/card.html", "card: cards/0011223344556677/card.html", True),
        ("one line, told", "one line,\ntold", True),
        ("some words", "some words and more", False),
    ],
)
def test_words_must_agree_and_figures_may_differ(said: str, printed: str, same: bool) -> None:
    assert agree(said, printed) is same
