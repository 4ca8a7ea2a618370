"""What the models need installed, and what their libraries say that nobody asked for."""

from __future__ import annotations

import importlib.util
import logging
import warnings

from qlora_gov.errors import MissingExtraError

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate")


def require_training_libraries() -> None:
    """Raise MissingExtraError where a library is missing that loads, trains or evaluates a model.

    Nothing is imported yet; two notices that the libraries give on import, of no use to a user, are silenced.
    """
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f'models need {", ".join(missing)}, not installed; run: pip install "qlora-gov[train]"')
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # misses a kernel package that is optional
    # peft asks for an attribute that transformers has renamed
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)


def hide_progress_bars() -> None:
    """Take down transformers' own progress bars and advice: ours is the one display."""
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()
    set_verbosity_error()
