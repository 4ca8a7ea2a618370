"""A QLoRA step on a CPU: this trainer beside transformers' own, on the same rows and the same NF4 SmolLM2.

    python benchmarks/train_cpu.py [--check] [--only support,mixed,overlay] [--steps 8] [--times 2]

support  the example's rows, short ones: tokens a second, and the peak of the process's memory
mixed    rows of mixed lengths, of Open Assistant, self-instruct and TAT-QA, which the other pads to the longest of four
overlay  the losses of 200 steps on the example's rows, without dropout: how far the two curves are apart

The other is transformers' Trainer with peft and bitsandbytes as they are commonly put together, in bfloat16 or in
float32: the faster of these on this machine. Both take the same rows at each step. Tokens are counted without padding.

``--check`` exits with 1 where a figure of these is missed: 1.2 times the other's rate on the example's rows with no
higher a peak, 2 times on mixed ones, curves within .05 of each other as means of ten steps.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from data_corpus import chats, tasks, write
from detector_texts import DATA
from watching import Clock, Silent

ROOT = Path(__file__).parents[1]
FASTER, PACKED, APART = 1.2, 2.0, 0.05
ROWS, RANK, RATE, SEED, LONGEST = 4, 16, 2e-4, 7, 1024
NAMES = {"ours": "this trainer", "plain": "transformers, bfloat16", "plain32": "transformers, float32"}
WINDOW = 10
"""Steps of which a curve's points are the mean: a single one is a matter of four rows, and of rounding."""


class Run(NamedTuple):
    """What a trainer was measured to do."""

    rate: float
    peak: float
    losses: list[float]


def statements() -> Iterator[dict[str, Any]]:
    """Questions on pages of annual reports, each with its table and text."""
    for page in json.loads((DATA / "tatqa/tatqa_dataset_dev.json").read_text(encoding="utf-8")):
        table = "\n".join(" | ".join(cells) for cells in page["table"]["table"])
        text = "\n".join(paragraph["text"] for paragraph in page["paragraphs"])
        for question in page["questions"]:
            answer = question["answer"]
            said = ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
            yield {"prompt": f"{table}\n\n{text}\n\n{question['question']}", "response": f"{said} {question['scale']}"}


def mixed() -> list[dict[str, Any]]:
    """As many rows of each source."""
    sources = [list(source) for source in (chats(), tasks(), statements())]
    few = min(map(len, sources))
    return [row for rows in sources for row in rows[:: len(rows) // few][:few]]


def support() -> list[dict[str, Any]]:
    """The example's training rows."""
    text = (ROOT / "examples/finance_support/data/train.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def tokenised(base: Path, file: Path) -> list[Any]:
    """Rows as both trainers are given them; those of more than ``LONGEST`` tokens are left out."""
    from qlora_gov.models.chat import tokenise
    from qlora_gov.models.loading import load_tokenizer
    from qlora_gov_data.jsonl import Jsonl, JsonlSettings

    tokenizer = load_tokenizer(base)
    examples = Jsonl(JsonlSettings(path=file)).read()
    return [row for one in examples if len((row := tokenise(tokenizer, one.messages)).ids) <= LONGEST]


def ours(base: Path, rows: Sequence[Any], steps: int, noted: Any, dropout: float) -> Any:
    """This trainer, as the product makes it."""
    from qlora_gov import TrainingJob
    from qlora_gov_trainers.settings import Nf4QloraSettings
    from qlora_gov_trainers.trainer import Nf4QloraTrainer

    settings = {"rank": RANK, "micro_batch": ROWS, "accumulation": 1, "learning_rate": RATE, "warmup_steps": 0}
    trainer = Nf4QloraTrainer(Nf4QloraSettings.model_validate({**settings, "dropout": dropout, "max_length": LONGEST}))
    place = Path(tempfile.mkdtemp())
    job = TrainingJob(base, "base", (), place, place, SEED, Silent())
    stepping = trainer.stepping(trainer.prepare(base), rows, job, [noted])
    stepping.args.max_steps, stepping.args.save_strategy = steps, "no"
    return stepping


def plain(base: Path, rows: Sequence[Any], steps: int, noted: Any, dropout: float, dtype: str) -> Any:
    """The Trainer of transformers, given the rows of each step by the same sampler."""
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from torch.utils.data import DataLoader
    from transformers import (
        AutoModelForCausalLM,
        BitsAndBytesConfig,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
    )

    from qlora_gov.models.loading import load_tokenizer
    from qlora_gov_trainers.recipe import PLAYBOOK
    from qlora_gov_trainers.step.trainer import Steps

    compute = getattr(torch, dtype)
    quantised = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )
    model = AutoModelForCausalLM.from_pretrained(
        base, dtype=compute, quantization_config=quantised, device_map={"": "cpu"}
    )
    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    targets = list(PLAYBOOK["targets"])
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, lora_dropout=dropout, target_modules=targets, task_type="CAUSAL_LM")
    collate = DataCollatorForSeq2Seq(load_tokenizer(base), padding=True)

    class Same(Trainer):  # type: ignore[misc]
        def get_train_dataloader(self) -> Any:
            given = [{"input_ids": row.ids, "labels": row.labels} for row in rows]
            return DataLoader(given, batch_sampler=Steps(len(rows), ROWS, SEED), collate_fn=collate)

    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(), max_steps=steps, per_device_train_batch_size=ROWS, learning_rate=RATE,
        lr_scheduler_type="cosine", seed=SEED, logging_steps=1, save_strategy="no", report_to=[], use_cpu=True,
        disable_tqdm=True, bf16=dtype == "bfloat16", remove_unused_columns=False,
    )  # fmt: skip
    return Same(get_peft_model(model, lora).train(), arguments, callbacks=[noted])


def contest(who: str, base: Path, file: Path, steps: int, dropout: float) -> None:
    """Train in this process, and print what was measured from the end of the first step to that of the last."""
    from transformers import set_seed
    from transformers.trainer_callback import PrinterCallback

    from qlora_gov.models.bfloat16 import fast_bfloat16
    from qlora_gov_trainers.step.trainer import Steps

    rows, noted = tokenised(base, file), Clock()
    set_seed(SEED)
    trainer = (
        ours(base, rows, steps, noted, dropout)
        if who == "ours"
        else plain(base, rows, steps, noted, dropout, {"plain": "bfloat16", "plain32": "float32"}[who])
    )
    trainer.pop_callback(PrinterCallback)
    with fast_bfloat16():
        trainer.train()
    taken = Steps(len(rows), ROWS, SEED)
    tokens = sum(len(rows[at].ids) for step in range(2, steps + 1) for at in taken.of_step(step))
    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([tokens / (noted.ends[-1] - noted.ends[0]), peak, losses]))


def measured(who: str, base: Path, file: Path, steps: int, dropout: float = 0.05) -> Run:
    """A trainer in a process of its own. Raises SystemExit with what it said where it fails."""
    command = [sys.executable, __file__, "--who", who, str(base), str(file), str(steps), str(dropout)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{who} failed:\n{ran.stderr[-3000:]}")
    return Run(*json.loads(ran.stdout.strip().splitlines()[-1]))


def beside(base: Path, file: Path, steps: int, times: int, faster: float, *, memory: bool) -> int:
    """Print both, the best of some runs of each, taken in turn; returns how many figures are missed."""
    runs: dict[str, list[Run]] = {who: [] for who in NAMES}
    for _ in range(times):
        for who, done in runs.items():
            done.append(measured(who, base, file, steps))
    best = {who: Run(max(one.rate for one in done), min(one.peak for one in done), []) for who, done in runs.items()}
    for who, name in NAMES.items():
        print(f"  {name:<26}{best[who].rate:>8,.0f} tokens/s{best[who].peak:>8,.0f} MB")
    other = max(best["plain"], best["plain32"])
    ratio, higher = best["ours"].rate / other.rate, memory and best["ours"].peak > other.peak
    print(f"  {ratio:.2f} times the faster{'   MISSED' * (ratio < faster)}{'   MISSED: peak' * higher}", flush=True)
    return (ratio < faster) + higher


def overlay(base: Path, file: Path, steps: int) -> int:
    """Print both curves; returns whether they are apart."""
    curves = [measured(who, base, file, steps, 0.0).losses for who in ("ours", "plain32")]
    window = min(WINDOW, steps)
    means = [np.convolve(curve, np.ones(window) / window, "valid") for curve in curves]
    apart = float(np.abs(means[0] - means[1]).max())
    for at in range(0, len(means[0]), max(len(means[0]) // 10, 1)):
        mine, other = (f"{mean[at]:.4f}" for mean in means)
        print(f"  steps {at + 1:>3} to {at + window:>3}   this trainer {mine}   transformers {other}")
    print(f"  {apart:.4f} apart at most{'   MISSED' * (apart > APART)}", flush=True)
    return int(apart > APART)


def main() -> int:
    """Print the tables. Returns 1 where ``--check`` is given and a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="support,mixed,overlay")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--times", type=int, default=2, help="runs of each of which the best counts")
    parser.add_argument("--overlay-steps", type=int, default=200)
    parser.add_argument("--who", nargs=5, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.who:
        who, base, file, steps, dropout = asked.who
        contest(who, Path(base), Path(file), int(steps), float(dropout))
        return 0
    from qlora_gov.models.bases import resolve_base

    base, missed = resolve_base("embedded", root=Path.cwd()).path, 0
    with tempfile.TemporaryDirectory() as directory:
        files = {"support": support(), "mixed": mixed()}
        for name, rows in files.items():
            write(Path(directory, name), rows)
        for name in asked.only.split(","):
            print(f"{name}: {len(files.get(name, files['support'])):,} rows", flush=True)
            if name == "overlay":
                missed += overlay(base, Path(directory, "support"), asked.overlay_steps)
            else:
                bar = FASTER if name == "support" else PACKED
                missed += beside(base, Path(directory, name), asked.steps, asked.times, bar, memory=name == "support")
    return 1 if asked.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
