"""Files that URLs name: from a real web server, from memory and from a disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.config import conf
from fsspec.registry import known_implementations

from qlora_gov.canonical import bytes_id
from qlora_gov.errors import DataError, MissingExtraError
from qlora_gov.plugin.fetching import fetched, without_secrets
from tests.support.web import Server, serving

ROWS = b'{"prompt": "Why?", "response": "Because."}\n'
OTHERS = b'{"prompt": "Why not?", "response": "Because."}\n'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "site" / "sub").mkdir(parents=True)
    (tmp_path / "site" / "rows.jsonl").write_bytes(ROWS)
    with serving(tmp_path / "site") as server:
        yield server


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_a_file_is_fetched_once_and_read_from_where_it_is_kept(server: Server, kept: Path, tmp_path: Path) -> None:
    url = f"{server.url}/rows.jsonl?token=secret"
    path, digest = fetched(url, kept)
    assert (path.name, path.read_bytes(), digest) == ("rows.jsonl", ROWS, bytes_id(ROWS))
    (tmp_path / "site" / "rows.jsonl").write_bytes(OTHERS)
    assert fetched(url, kept) == (path, digest)
    assert [asked for asked, _ in server.asked] == ["/rows.jsonl?token=secret"]
    held = [one for one in kept.rglob("*") if one.is_file()]
    assert len(held) == 2, "nothing unfinished is left"
    assert not [one for one in held if "secret" in one.name or b"secret" in one.read_bytes()]


def test_what_was_damaged_or_removed_is_fetched_anew(server: Server, kept: Path) -> None:
    path, digest = fetched(f"{server.url}/rows.jsonl", kept)
    for spoil in (lambda: path.write_bytes(b"x"), path.unlink):
        spoil()
        assert fetched(f"{server.url}/rows.jsonl", kept) == (path, digest)
        assert path.read_bytes() == ROWS
    assert len(server.asked) == 3


def test_a_pin_refuses_other_bytes_and_fetches_those_that_it_asks_for(
    server: Server, kept: Path, tmp_path: Path
) -> None:
    url = f"{server.url}/rows.jsonl"
    fetched(url, kept)
    with pytest.raises(DataError) as caught:
        fetched(url, kept, bytes_id(OTHERS))
    assert str(caught.value) == (
        f"{url}: what was fetched has the digest {bytes_id(ROWS)}, and 'sha256' asks for {bytes_id(OTHERS)}"
    )
    (tmp_path / "site" / "rows.jsonl").write_bytes(OTHERS)
    for pin in (bytes_id(OTHERS), bytes_id(ROWS), None):  # of the newer ones, of those before, of the last fetched
        assert fetched(url, kept, pin)[1] == (pin or bytes_id(OTHERS))
    assert len(server.asked) == 3


def test_memory_a_disk_and_what_is_packed_are_read_as_fsspec_does(kept: Path, tmp_path: Path) -> None:
    with fsspec.open("memory://some/rows.jsonl", "wb") as stream:
        stream.write(ROWS)
    (tmp_path / "rows.jsonl").write_bytes(ROWS)
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("in/rows.jsonl", ROWS)
    for url in (
        "memory://some/rows.jsonl",
        (tmp_path / "rows.jsonl").as_uri(),
        f"zip://in/rows.jsonl::file://{tmp_path}/rows.zip",
    ):
        path, digest = fetched(url, kept)
        assert (path.name, path.read_bytes(), digest) == ("rows.jsonl", ROWS, bytes_id(ROWS))


def test_credentials_come_from_fsspec_s_own_configuration(
    server: Server, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(conf, "http", {"client_kwargs": {"headers": {"Authorization": "Bearer abc"}}})
    fetched(f"{server.url}/rows.jsonl", kept)
    assert server.asked == [("/rows.jsonl", "Bearer abc")]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("{site}/none.jsonl?token=secret", "{site}/none.jsonl: cannot be fetched: no such file"),
        ("http://127.0.0.1:9/rows.jsonl?token=secret", "http://127.0.0.1:9/rows.jsonl: cannot be fetched: Cannot conn"),
        ("{site}/rows.jsonl?cut", "{site}/rows.jsonl: cannot be fetched: Response payload is not completed"),
        ("memory://none.jsonl", "memory://none.jsonl: cannot be fetched: no such file"),
        ("file://{root}/site", "file://{root}/site: is a directory; name a file in it"),
        ("nosuch://bucket/rows.jsonl", "nosuch://bucket/rows.jsonl: cannot be fetched: Protocol not known: nosuch"),
    ],
)
def test_what_cannot_be_fetched_is_one_line_without_secrets(
    url: str, said: str, server: Server, kept: Path, tmp_path: Path
) -> None:
    places = {"site": server.url, "root": tmp_path}
    with pytest.raises(DataError) as caught:
        fetched(url.format(**places), kept)
    assert str(caught.value).startswith(said.format(**places))
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not [one for one in kept.rglob("*") if one.is_file()]


def test_a_library_that_is_missing_is_named(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(known_implementations, "far", {"class": "no_such.Files", "err": "Please install no_such"})
    with pytest.raises(
        MissingExtraError, match=r"^far://bucket/rows.jsonl: cannot be fetched: Please install no_such$"
    ):
        fetched("far://bucket/rows.jsonl", kept)


@pytest.mark.parametrize(
    "url",
    [
        "https://ann:secret@example.com/rows.jsonl",
        "https://secret@example.com/rows.jsonl",
        "zip://a::s3://key:secret@bucket/a.zip",
        "s3://key:sec/secret@bucket/rows.jsonl",
    ],
)
def test_a_url_with_a_password_is_refused_without_being_told(url: str, kept: Path) -> None:
    with pytest.raises(ValueError, match="holds a user or a password; leave them to the environment") as caught:
        fetched(url, kept)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://example.com/", "s3://bucket/rows/", "https://example.com/.."])
def test_a_url_that_names_no_file_is_refused(url: str, kept: Path) -> None:
    with pytest.raises(ValueError, match="names no file"):
        fetched(url, kept)


def test_a_url_is_shown_without_its_queries() -> None:
    assert without_secrets("https://h:80/a@1:b/rows.csv?sig=a@b#x") == "https://h:80/a@1:b/rows.csv"
    assert without_secrets("zip://a.csv::https://h/b.zip?sig=1") == "zip://a.csv::https://h/b.zip"
