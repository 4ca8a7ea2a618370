"""The losses of the demo recipe on a CPU, step by step: what the trainer's first revision made.

A change of the recipe, of the order of rows, of the mask or of a library's arithmetic shows here first. The numbers
were printed by this very run; processors without bfloat16 give the same to 1e-4. Whoever means to change them raises
the trainer's ``revision``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from qlora_gov import Example, TrainingJob
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.support.project import rows

LOSSES = (5.55430, 5.55902, 5.55294, 5.49623, 5.43770, 5.36117, 5.26202, 5.21434, 5.21086, 5.18593)


class Silent:
    def begin(self, label: str, total: int) -> None: ...

    def advance(self, units: int = 1, note: str = "") -> None: ...


@pytest.mark.skipif(torch.cuda.is_available(), reason="pinned on a CPU")
def test_the_demo_recipe_loses_step_by_step_what_it_always_did(tiny_base: Path, tmp_path: Path) -> None:
    examples = [Example.model_validate({**row, "source": f"rows.jsonl:{n}"}) for n, row in enumerate(rows(40, "Ask"))]
    output = tmp_path / "adapter"
    output.mkdir()
    job = TrainingJob(tiny_base, "tiny", examples, output, tmp_path / "checkpoints", 3, Silent())
    outcome = Nf4QloraTrainer(Nf4QloraSettings.model_validate({"preset": "demo"})).train(job)
    losses = [point.loss for point in outcome.losses]
    assert [point.step for point in outcome.losses] == list(range(1, 11))
    assert losses == pytest.approx(LOSSES, rel=1e-3), losses
