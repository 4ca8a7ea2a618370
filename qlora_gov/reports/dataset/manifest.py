"""What goes with exported files: of which version they are, its record as the ledger stores it, and their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError

from qlora_gov.canonical import file_id, parse_json
from qlora_gov.errors import DataError
from qlora_gov.records import Frozen

MANIFEST = "manifest.json"
"""Its name beside the files. It is written last: where it is, the others are."""

FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
"""A name within the directory: a manifest from elsewhere leads nowhere else."""


class ExportedFile(Frozen):
    """One of the files."""

    sha256: str = Field(description="of its bytes, in hexadecimal")
    bytes: int = Field(description="its size")

    @classmethod
    def of(cls, path: Path) -> ExportedFile:
        """What is to be said of a file."""
        return cls(sha256=file_id(path).removeprefix("sha256:"), bytes=path.stat().st_size)


class Manifest(Frozen):
    """A version, or an adapter, and the files that it was exported to. Every file but the manifest itself is listed."""

    format: Literal[1] = Field(default=1, description="of this manifest")
    version: str = Field(description="digest by which it is known: of a version's rows, or of an adapter's files")
    record: str = Field(description="id of its record: the digest of `document` as canonical JSON (RFC 8785)")
    recorded: str = Field(description="when the record was put on the ledger, UTC")
    document: Mapping[str, JsonValue] = Field(description="the record as the ledger stores it")
    files: Mapping[FileName, ExportedFile] = Field(description="by name")


def manifest_json(manifest: Manifest) -> str:
    """A manifest as the text of a file. Characters that are not ASCII are escaped, so that none of them can hide."""
    return json.dumps(manifest.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"


def parsed_manifest(text: bytes, where: str) -> Manifest:
    """A manifest from its bytes. Raises DataError that begins with ``where`` for anything else."""
    try:
        return Manifest.model_validate(parse_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DataError(f"{where}: not the manifest of a dataset version: {what}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not the manifest of a dataset version: {error}") from error
