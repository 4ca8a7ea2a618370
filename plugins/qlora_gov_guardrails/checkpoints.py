"""Detoxify checkpoints: loading them, from a directory without trust or network, and reading long texts in windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from detoxify.detoxify import Detoxify, get_model_and_tokenizer
from torch.nn.utils.rnn import pad_sequence
from transformers.utils.logging import disable_progress_bar

from qlora_gov import ModelError

BATCH = 32
REQUIRED = "toxicity"
COUNTERS = frozenset({"position_ids", "token_type_ids"})
# As Detoxify itself names the labels of its three training sets alike.
STANDARD = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}


@dataclass(frozen=True)
class Window:
    """A stretch of one text that fits the model: which text, its characters, and its token ids."""

    text: int
    start: int
    end: int
    ids: Sequence[int]


class Classifier:
    """A sequence classifier with a sigmoid for each label, in float32 on the CPU."""

    def __init__(self, model: Any, tokenizer: Any, labels: Sequence[str], name: str) -> None:
        self.labels = [STANDARD.get(label, label) for label in labels]
        if REQUIRED not in self.labels:
            raise ModelError(f"{name}: has no label {REQUIRED!r}, only {', '.join(self.labels)}")
        self._model = model.float().eval()
        self._tokenizer = tokenizer
        self._length = min(tokenizer.model_max_length, model.config.max_position_embeddings)

    def scores(self, texts: Sequence[str]) -> Iterator[tuple[Window, Mapping[str, float]]]:
        """The score of each label in each window, similar lengths together, so in no order of the texts."""
        windows = sorted(self._windows(texts), key=lambda window: len(window.ids))
        for first in range(0, len(windows), BATCH):
            batch = windows[first : first + BATCH]
            ids = [torch.tensor(window.ids) for window in batch]
            with torch.inference_mode():
                logits = self._model(
                    input_ids=pad_sequence(ids, batch_first=True, padding_value=self._tokenizer.pad_token_id),
                    attention_mask=pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
                ).logits  # [windows, labels]
            for window, row in zip(batch, logits.sigmoid().tolist(), strict=True):
                yield window, dict(zip(self.labels, row, strict=True))

    def _windows(self, texts: Sequence[str]) -> Iterator[Window]:
        if not texts:  # the tokenizer takes no empty batch
            return
        encoded = self._tokenizer(
            list(texts),
            truncation=True,
            max_length=self._length,
            stride=self._length // 4,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        columns = (encoded[name] for name in ("overflow_to_sample_mapping", "offset_mapping", "input_ids"))
        for text, offsets, ids in zip(*columns, strict=True):
            spans = [(start, end) for start, end in offsets if end > start]  # special tokens have none
            if spans:
                yield Window(text, spans[0][0], spans[-1][1], ids)


def from_directory(directory: Path) -> Classifier:
    """A checkpoint beside its configuration and tokenizer; nothing in it is run. Raises ModelError."""
    path = directory / "toxicity.ckpt"
    disable_progress_bar()
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        # The checkpoint names its base model as it was at training; here the directory holds all that is needed.
        arguments = {**checkpoint["config"]["arch"]["args"], "model_type": str(directory)}
        model, tokenizer = get_model_and_tokenizer(
            **arguments, state_dict=checkpoint["state_dict"], huggingface_config_path=str(directory)
        )
        labels = checkpoint["config"]["dataset"]["args"]["classes"]
        _check_weights(model, checkpoint["state_dict"])
    except Exception as error:
        raise ModelError(f"{path}: not a usable Detoxify checkpoint: {_fault(error)}") from error
    return Classifier(model, tokenizer, labels, str(path))


def published(name: str) -> Classifier:
    """One of Detoxify's own checkpoints, which Detoxify downloads once and unpickles: its authors are trusted.

    Raises ModelError where it cannot be had.
    """
    disable_progress_bar()
    try:
        detoxify = Detoxify(name)
    except Exception as error:
        raise ModelError(
            f"Detoxify checkpoint {name!r}: cannot be fetched or loaded; name a directory as 'weights': {_line(error)}"
        ) from error
    return Classifier(detoxify.model, detoxify.tokenizer, detoxify.class_names, name)


def _check_weights(model: Any, stored: Mapping[str, torch.Tensor]) -> None:
    """Raise ValueError unless the model holds just the weights of the checkpoint; others in their place are random.

    What only counts positions is no weight: older versions of transformers stored it.
    """
    held = model.state_dict()
    weights = {name for name in stored if name.rsplit(".", 1)[-1] not in COUNTERS}
    for what, names in (
        ("lacks", held.keys() - stored.keys()),
        ("holds, unknown to its model,", weights - held.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ValueError(f"it {what} the weights {min(names)}{more}")
    for name in sorted(weights):
        if not (torch.equal(held[name], stored[name].to(held[name].dtype)) and held[name].isfinite().all()):
            raise ValueError(f"its weights {name} were not loaded as they are, or are not finite")


def _fault(error: Exception) -> str:
    """What is wrong with a checkpoint. torch would advise to run the code in it."""
    match error:
        case UnpicklingError():
            return "it is damaged, or holds more than weights and plain values"
        case LookupError() | TypeError():
            return "it lacks one of state_dict, config.arch.args and config.dataset.args.classes"
    return _line(error)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
