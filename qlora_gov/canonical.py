"""Content ids: one canonical form for records, one for columns of rows, one for files.

An id carries its algorithm, ``sha256:<64 hex digits>``. Records are hashed over RFC 8785 canonical JSON, rows
over their column buffers (hashing rows as JSON is sixty times slower), files over their bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785

Column = np.ndarray[Any, Any] | Sequence[str | float | None]
"""A column of rows: a numeric or boolean array, or texts, or numbers, of which some may be missing."""


@dataclass(frozen=True)
class StreamedTexts:
    """A column of texts that are not all in memory: the lengths in bytes, -1 of a missing one, and the bytes."""

    lengths: np.ndarray[Any, Any]
    chunks: Iterable[bytes]


def canonical_json(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value.

    Raises ValueError for what JSON cannot carry exactly: NaN, infinities, integers of 2**53 or more.
    """
    try:
        return _TEXTS.encode(value).encode() if _of_texts(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise ValueError(f"not canonical JSON: {error}") from error


_TEXTS = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _of_texts(value: Any) -> bool:
    """Whether the standard library writes a value in the same form, three times faster: it differs on numbers.

    It differs on the order of keys, too, where some are beyond the Basic Multilingual Plane.
    """
    kind = type(value)
    if kind is str or value is None:
        return True
    if kind is list:
        return all(map(_of_texts, value))
    return (
        kind is dict
        and all(type(key) is str and key.isascii() for key in value)
        and all(map(_of_texts, value.values()))
    )


def parse_json(form: bytes | str) -> Any:
    """The value of a canonical form: ``canonical_json(parse_json(form)) == form``.

    The form of a float such as 1e16 has neither point nor exponent; no integer that large has a form.
    """
    return json.loads(form, parse_int=_number)


def content_id(value: Any) -> str:
    """The id of a JSON value: the digest of its canonical form."""
    return _tagged(hashlib.sha256(canonical_json(value)))


def is_content_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return re.fullmatch("sha256:[0-9a-f]{64}", text) is not None


def short_id(id_: str, digits: int = 12) -> str:
    """The first hex digits of an id, without its algorithm: enough for people; directories are named by 16."""
    return id_.rpartition(":")[2][:digits]


def bytes_id(data: bytes) -> str:
    """The id of some bytes."""
    return _tagged(hashlib.sha256(data))


def file_id(path: Path) -> str:
    """The id of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return _tagged(hashlib.file_digest(stream, "sha256"))


def copy_id(source: Path, target: Path) -> str:
    """Copy a file in blocks, and return the id of the very bytes that were written."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as write:
        while block := read.read(1 << 20):
            digest.update(block)
            write.write(block)
    return _tagged(digest)


def tree_id(files: Mapping[str, str]) -> str:
    """The id of a set of files, from relative name to file id."""
    return content_id(dict(files))


def columns_id(columns: Mapping[str, Column | StreamedTexts]) -> str:
    """The id of a table of rows: names, types, lengths and buffers, columns in the order of their names.

    Numbers hash as little-endian float64, int64 or bool; texts as UTF-8 with their lengths, so that moving a
    character from one row to the next changes the id. A missing text has length -1. Numbers of which some may
    be missing hash as the shortest texts that read back as they are.
    """
    digest = hashlib.sha256()
    for name in sorted(columns):
        kind, buffers, shape = _buffers(columns[name])
        digest.update(canonical_json({"name": name, "type": kind, "shape": list(shape)}))
        for buffer in buffers:
            digest.update(buffer)
    return _tagged(digest)


def _number(digits: str) -> int | float:
    number = int(digits)
    return number if abs(number) < 2**53 else float(digits)


def _buffers(column: Column | StreamedTexts) -> tuple[str, Iterable[bytes], tuple[int, ...]]:
    if isinstance(column, StreamedTexts):
        lengths = np.ascontiguousarray(column.lengths, dtype="<i8")
        return "text", chain([lengths.tobytes()], column.chunks), lengths.shape
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf":
        kind = {"b": "?", "f": "<f8"}.get(column.dtype.kind, "<i8")
        return kind, [np.ascontiguousarray(column, dtype=kind).tobytes()], column.shape
    texts = [None if text is None else str(text).encode() for text in column]
    lengths = np.array([-1 if text is None else len(text) for text in texts], dtype="<i8")
    return "text", [lengths.tobytes(), b"".join(text or b"" for text in texts)], (len(texts),)


def _tagged(digest: Any) -> str:
    return f"sha256:{digest.hexdigest()}"
