"""Trainers of LoRA adapters on a base held in 4-bit NF4 (QLoRA, https://arxiv.org/abs/2305.14314)."""

from qlora_gov import TrainerSpec, hookimpl
from qlora_gov_trainers.dpo.settings import DpoSettings
from qlora_gov_trainers.dpo.trainer import DpoTrainer
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.trainer import Nf4QloraTrainer


@hookimpl
def qlora_gov_trainers() -> list[TrainerSpec]:
    """Contribute the default trainer, and one that learns from preference pairs."""
    return [
        TrainerSpec(
            name="nf4-qlora",
            summary="LoRA on an NF4 base with transformers, peft and bitsandbytes, on CUDA or a CPU",
            factory=Nf4QloraTrainer,
            config=Nf4QloraSettings,
            requires=("torch", "transformers", "peft", "bitsandbytes", "accelerate"),
            extra="train",
            revision=2,
        ),
        TrainerSpec(
            name="dpo",
            summary="preference tuning of a LoRA on an NF4 base with TRL's DPO, on CUDA or a CPU",
            factory=DpoTrainer,
            config=DpoSettings,
            requires=("torch", "transformers", "peft", "bitsandbytes", "accelerate", "trl"),
            extra="dpo",
        ),
    ]
