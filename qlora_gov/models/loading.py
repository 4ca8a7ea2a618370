"""Loading bases in NF4, and tokenizers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qlora_gov.errors import ModelError
from qlora_gov.models.checkpoint import refuse_gaps, refuse_other_quantisation
from qlora_gov.models.extras import hide_progress_bars, require_training_libraries

if TYPE_CHECKING:
    import torch
    from bitsandbytes.nn import Linear4bit
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DType = Literal["float32", "bfloat16"]
Quantization = Literal["nf4", "none"]


def device() -> str:
    """The device that models run on: the current CUDA device where there is one, else the CPU."""
    import torch

    return f"cuda:{torch.cuda.current_device()}" if torch.cuda.is_available() else "cpu"


def load_base(path: Path, *, quantization: Quantization = "nf4", dtype: DType = "float32") -> PreTrainedModel:
    """Load a base from a local directory; NF4 with double quantisation, ``dtype`` for all that is not quantised.

    The model is always a fresh one. Raises ModelError where transformers cannot load it, or not as it is on record.
    """
    require_training_libraries()
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    hide_progress_bars()
    refuse_other_quantisation(path, quantization)
    torch_dtype = getattr(torch, dtype)
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch_dtype,
    )
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*already has a `quantization_config`")  # the same, as was checked
            model, found = AutoModelForCausalLM.from_pretrained(
                path,
                dtype=torch_dtype,
                quantization_config=config if quantization == "nf4" else None,
                device_map={"": device()},
                local_files_only=True,
                use_safetensors=True,
                ignore_mismatched_sizes=True,  # told by name below
                output_loading_info=True,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"base: {path} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
    found["mismatched_keys"] = [*found["mismatched_keys"], *_misshapen(model)]
    refuse_gaps(path, model.state_dict().keys(), found)
    for layer in quantised_layers(model):
        # On a CPU with AVX-512 BF16, bitsandbytes repacks a layer's weights at its first forward in eval mode. The
        # packed kernel has no autograd (a later backward through the layer is silently wrong) and rounds to bf16
        # whatever the compute type, so that perplexities would depend on the processor.
        layer.support_avx512bf16_for_cpu = False
    return model


def _misshapen(model: PreTrainedModel) -> Iterator[str]:
    """The 4-bit weights whose shape is not their layer's: transformers compares no shape of what it quantises."""
    layers = set(quantised_layers(model))
    for name, layer in model.named_modules():
        state = getattr(layer.weight, "quant_state", None) if layer in layers else None  # none where it is missing
        if state is not None and tuple(state.shape) != (layer.out_features, layer.in_features):
            yield f"{name}.weight"


def quantised_layers(model: torch.nn.Module) -> Iterator[Linear4bit]:
    """All 4-bit linear layers of a model."""
    from bitsandbytes.nn import Linear4bit

    return (module for module in model.modules() if isinstance(module, Linear4bit))


def set_compute_dtype(model: torch.nn.Module, dtype: DType) -> None:
    """Let the 4-bit layers multiply in ``dtype``; their inputs and outputs keep the model's own type."""
    import torch

    for layer in quantised_layers(model):
        layer.compute_dtype = getattr(torch, dtype)


def load_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """Load a base's tokenizer. Raises ModelError where there is none, or it has no chat template."""
    require_training_libraries()
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"base: {path} has no tokenizer that transformers can load") from error
    if not tokenizer.is_fast:
        raise ModelError(
            f"base: the tokenizer in {path} has no fast version, and no other says where in a text its tokens lie; "
            "add its tokenizer.json"
        )
    if tokenizer.chat_template is None:
        raise ModelError(
            f"base: the tokenizer in {path} has no chat template; use an instruct model, or add a chat_template.jinja"
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
