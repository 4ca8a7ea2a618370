"""Dequantising a GGUF file once into a directory of safetensors, from which it is loaded ever after."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.errors import ModelError
from qlora_gov.models.extras import hide_progress_bars, require_training_libraries

_ORIGIN = "origin.json"


@dataclass(frozen=True)
class DequantisedCopy:
    """A directory of safetensors made from a GGUF file, and the licence that the file states."""

    path: Path
    licence: str | None


def dequantised(file: Path, target: Path) -> DequantisedCopy:
    """Return the copy at ``target``, made now if it is not there. Raises ModelError for an unreadable file."""
    if not target.is_dir():
        require_training_libraries()
        target.parent.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed: a killed process leaves no half copy under the final name.
        work = Path(tempfile.mkdtemp(prefix="making-", dir=target.parent))
        try:
            _convert(file, work)
            work.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster with the same bytes
                raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    licence = json.loads((target / _ORIGIN).read_text(encoding="utf-8"))["licence"]
    return DequantisedCopy(target, licence)


def _convert(file: Path, out: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    hide_progress_bars()
    directory, name = str(file.parent), file.name
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory, gguf_file=name)
        model = AutoModelForCausalLM.from_pretrained(
            directory, gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"base: {file} is not a GGUF file that transformers can read: {error}") from error
    # transformers leaves the GGUF settings in the configuration, and then refuses to save or to quantise again.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    # Half precision holds block-quantised values to 2**-11 relative, well within the rounding they already carry.
    model.half().save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / _ORIGIN).write_text(json.dumps({"file": name, "licence": _licence(file)}), encoding="utf-8")


def _licence(file: Path) -> str | None:
    from gguf import GGUFReader

    field = GGUFReader(file).get_field("general.license")
    return None if field is None else str(field.contents())
