"""What the models need installed."""

from __future__ import annotations

import importlib.util

from qlora_gov.errors import MissingExtraError

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")


def require_training_libraries() -> None:
    """Raise MissingExtraError where a library is missing that loads, trains or evaluates a model."""
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f'models need {", ".join(missing)}, not installed; run: pip install "qlora-gov[train]"'
        )
