"""Writing a trained adapter: finite, and the same weights as the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qlora_gov import TrainingError, TrainingJob

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def check_finite(model: PreTrainedModel) -> None:
    """Raise TrainingError for a weight that is no number: the last step's damage shows in no loss."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not parameter.isfinite().all():
            raise TrainingError(f"{name} is not finite after training; no adapter is recorded: lower the learning rate")


def save(model: PreTrainedModel, job: TrainingJob, dtype: torch.dtype) -> None:
    """Write the adapter so that the same weights give the same bytes, on whatever machine and in whatever process."""
    from peft import get_peft_model_state_dict

    # What a training moves DoRA's magnitudes by may be less than lies between neighbours in bfloat16.
    weights = {
        name: weight if "lora_magnitude_vector" in name else weight.to(dtype)
        for name, weight in get_peft_model_state_dict(model).items()
    }
    model.save_pretrained(job.output, safe_serialization=True, state_dict=weights)
    (job.output / "README.md").unlink(missing_ok=True)  # peft's template card; ours is made from the evidence
    path = job.output / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = job.base_name
    config["target_modules"] = sorted(config["target_modules"])  # peft keeps a set, in an order of its own each time
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
