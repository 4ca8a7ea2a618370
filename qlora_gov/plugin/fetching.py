"""Files that a URL names: fetched once, and kept by the digest of their bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from qlora_gov.canonical import bytes_id, file_id
from qlora_gov.errors import DataError, MissingExtraError
from qlora_gov.plugin.calls import DISK
from qlora_gov.text import one_line

STATE_DIRECTORY = ".qlora_gov"
"""Where a project keeps what it makes, beside its project file."""

FETCHED = f"{STATE_DIRECTORY}/fetched"
"""Where it keeps what was fetched: bytes below their digest, and digests below that of the URL."""

STALLED = 60.0
"""Seconds without a byte after which a web server is given up; a whole file may take as long as it does."""


_CREDENTIALS = re.compile(r"//[^/]*(@|:(?!\d*(/|$)))")  # a colon may stand before a port; a secret may hold a slash


def is_url(text: str) -> bool:
    """Whether a setting names a file by a URL, not by a path."""
    return re.match(r"[A-Za-z][\w+.-]*://", text) is not None


def without_secrets(url: str) -> str:
    """A URL as it is shown and recorded: queries may hold a signature or a token. Raises ValueError for a password."""
    parts = [re.split("[?#]", part, maxsplit=1)[0] for part in url.split("::")]
    if any(_CREDENTIALS.search(part) for part in parts):
        raise ValueError("holds a user or a password; leave them to the environment, or to fsspec's own configuration")
    return "::".join(parts)


def fetched(url: str, kept: Path, pin: str | None = None, notice: Callable[[str], object] = str) -> tuple[Path, str]:
    """The file of a URL and the digest of its bytes: as it was fetched before, unless ``pin`` is another digest.

    Whoever waits for it is told by ``notice``.

    Raises:
        DataError: it cannot be fetched, or what was fetched has not the digest ``pin``.
        MissingExtraError: the library for URLs of this kind is not installed.
        ValueError: the URL holds a password, or names no file.
    """
    shown = without_secrets(url)
    place = shown.partition("::")[0]
    name = PurePosixPath(place).name
    if name in ("", "..") or place.endswith("/"):
        raise ValueError(f"{shown} names no file")
    index = kept / "urls" / _folder(bytes_id(url.encode()))
    known = pin or (index.read_text(encoding="utf-8") if index.is_file() else "")
    if known and (path := kept / _folder(known) / name).is_file() and file_id(path) == known:
        return path, known
    notice(f"fetching {shown}")
    index.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=kept) as work:
        part, note = Path(work) / "file", Path(work) / "digest"
        _fetch(url, shown, part)
        digest = file_id(part)
        if pin not in (None, digest):
            raise DataError(f"{shown}: what was fetched has the digest {digest}, and 'sha256' asks for {pin}")
        note.write_text(digest, encoding="utf-8")
        path = kept / _folder(digest) / name
        path.parent.mkdir(exist_ok=True)
        part.replace(path)
        note.replace(index)
    return path, digest


def _folder(digest: str) -> str:
    return digest.rpartition(":")[2]


def _fetch(url: str, shown: str, target: Path) -> None:
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(f'{shown}: to fetch it, run: pip install "qlora-gov[data]"') from error
    try:
        files, path = fsspec.url_to_fs(url, **_options(url))
        files.get_file(path, str(target))
    except ImportError as error:  # each kind of URL has a library of its own
        raise MissingExtraError(f"{shown}: cannot be fetched: {one_line(str(error))}") from error
    except FileNotFoundError as error:
        raise DataError(f"{shown}: cannot be fetched: no such file") from error
    # What else comes depends on the network, the account and the library of this kind of URL.
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        raise DataError(f"{shown}: cannot be fetched: {_told(error)}") from error
    if not target.is_file():
        raise DataError(f"{shown}: is a directory; name a file in it")


def _options(url: str) -> dict[str, Any]:
    """For the web: proxies of the environment, and no limit on the time that a whole file takes."""
    webs = [protocol for protocol in ("http", "https") if f"{protocol}://" in url]
    if not webs:
        return {}
    from aiohttp import ClientTimeout
    from fsspec.config import conf

    common = {"trust_env": True, "timeout": ClientTimeout(total=None, sock_connect=STALLED, sock_read=STALLED)}
    return {web: {"client_kwargs": {**common, **conf.get(web, {}).get("client_kwargs", {})}} for web in webs}


def _told(error: Exception) -> str:
    """What a library says, without the queries of the URLs that it names."""
    return one_line(re.sub(r"\?[^\s'\"]*", "", str(error))) or type(error).__name__
