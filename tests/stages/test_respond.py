from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from qlora_gov.canonical import columns_id
from qlora_gov.errors import ModelError
from qlora_gov.records import GenerationSettings, Responses
from qlora_gov.records.answer import Answer, LogLikelihood
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import TABLES, Table
from qlora_gov.stages.respond import Spool, answer_dataset
from tests.stages.toys import BASE, DATASET, HERE, Quiet, examples

ROWS = examples(11)


@dataclass
class Toy:
    """Answers with what it was asked; like a real model, says something else where other rows share the batch."""

    fails_at: int | None = None
    batches: list[list[str]] = field(default_factory=list)

    def answer(self, prompts: Sequence[Sequence[Message]], max_new_tokens: int) -> list[Answer]:
        if len(self.batches) == self.fails_at:
            raise KeyboardInterrupt
        self.batches.append([prompt[-1].content for prompt in prompts])
        width = max(map(len, self.batches[-1]))
        texts = [f"{text}\u2028é {width}\n"[:max_new_tokens] for text in self.batches[-1]]
        return [Answer(text, "length" if len(text) == max_new_tokens else "stop") for text in texts]

    def loglikelihood(self, conversations: Sequence[Sequence[Message]]) -> list[LogLikelihood]:
        return [LogLikelihood(len(c) / 3 + len(c[-1].content) / 7, len(c[-1].content), 2) for c in conversations]


def run(
    subject: Toy, path: Path, rows: Sequence[Example] = ROWS, *, likelihoods: bool = True, batch_size: int = 3
) -> tuple[Responses, dict[str, Table]]:
    progress = Quiet()
    made = answer_dataset(
        subject,
        BASE,
        None,
        DATASET,
        rows,
        quantization="none",
        generation=GenerationSettings(max_new_tokens=12, batch_size=batch_size),
        likelihoods=likelihoods,
        spool=Spool(path),
        environment=HERE,
        progress=progress,
    )
    assert progress.done == progress.total == len(rows)
    return made


def test_responses_are_rows_in_the_order_of_the_dataset(tmp_path: Path) -> None:
    record, tables = run(Toy(), tmp_path / "spool")
    assert {name: set(table) for name, table in tables.items()} == {
        name: set(TABLES[name]) for name in ("responses", "likelihoods")
    }
    responses = tables["responses"]
    assert list(responses["example"]) == [row.id for row in ROWS]
    assert all(str(text).startswith(row.question[:12]) for text, row in zip(responses["response"], ROWS, strict=True))
    assert list(responses["finish"]) == ["length"] * 5 + ["stop"] * 6
    assert np.asarray(tables["likelihoods"]["tokens"]).tolist() == [len(row.reference) for row in ROWS]
    assert (record.rows, record.adapter, record.base, record.dataset) == (11, None, BASE.id, DATASET.id)
    assert record.digest == columns_id(responses)
    assert record.likelihoods == columns_id(tables["likelihoods"])


def test_likelihoods_are_asked_for_only_where_a_metric_needs_them(tmp_path: Path) -> None:
    record, tables = run(Toy(), tmp_path / "spool", likelihoods=False)
    assert record.likelihoods is None
    assert set(tables) == {"responses"}


def test_batches_hold_prompts_of_like_length(tmp_path: Path) -> None:
    subject = Toy()
    run(subject, tmp_path / "spool", batch_size=4)
    lengths = [len(prompt) for batch in subject.batches for prompt in batch]
    assert lengths == sorted(lengths)
    assert [len(batch) for batch in subject.batches] == [4, 4, 3]


@pytest.mark.parametrize("killed_at", [0, 1, 2, 3])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, killed_at: int) -> None:
    whole = run(Toy(), tmp_path / "whole")
    path = tmp_path / "work" / "spool"
    with pytest.raises(KeyboardInterrupt):
        run(Toy(fails_at=killed_at), path)
    resumed = Toy()
    record, tables = run(resumed, path)
    assert len(resumed.batches) == 4 - killed_at
    assert record.id == whole[0].id
    assert {name: columns_id(table) for name, table in tables.items()} == {
        name: columns_id(table) for name, table in whole[1].items()
    }
    again = Toy()
    assert run(again, path)[0].id == whole[0].id
    assert again.batches == []


@pytest.mark.parametrize("cut", [1, 2, 20])
def test_a_last_line_that_a_kill_cut_short_is_answered_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "spool"
    whole = run(Toy(), path)[0].id
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines)[:-cut])
    resumed = Toy()
    assert run(resumed, path)[0].id == whole
    assert len(resumed.batches) == 1
    assert path.read_bytes().splitlines(keepends=True) == lines


def test_a_spool_keeps_rows_exactly(tmp_path: Path) -> None:
    rows = [
        Answer("a\n\u2028é\x00\U0001f600", "stop", LogLikelihood(0.1 + 0.2, 3, 7)),
        Answer("", "length", LogLikelihood(5e-324, 1, 0)),
        Answer("b", "stop", None),
    ]
    Spool(tmp_path / "spool").put(4, rows)
    assert Spool(tmp_path / "spool").done == {4: rows}


def test_an_answer_that_a_model_finds_impossible_is_no_measurement(tmp_path: Path) -> None:
    class Broken(Toy):
        def loglikelihood(self, conversations: Sequence[Sequence[Message]]) -> list[LogLikelihood]:
            return [LogLikelihood(float("nan"), 1, 1) for _ in conversations]

    with pytest.raises(ModelError, match=r"^file:11: the model gives this answer the log-likelihood nan$"):
        run(Broken(), tmp_path / "spool")
    assert Spool(tmp_path / "spool").done == {}


def test_a_subject_answers_every_prompt(tmp_path: Path) -> None:
    class Mute(Toy):
        def answer(self, prompts: Sequence[Sequence[Message]], max_new_tokens: int) -> list[Answer]:
            return super().answer(prompts[1:], max_new_tokens)

    for likelihoods in (True, False):
        with pytest.raises(ValueError, match="zip"):
            run(Mute(), tmp_path / "spool", likelihoods=likelihoods)


def test_the_settings_of_generation_count_for_the_record(tmp_path: Path) -> None:
    ids = {run(Toy(), tmp_path / str(size), batch_size=size)[0].id for size in (2, 3)}
    assert len(ids) == 2


def test_how_many_answers_were_cut_short_is_counted(tmp_path: Path) -> None:
    record, tables = run(Toy(), tmp_path / "s")
    assert record.cut == list(tables["responses"]["finish"]).count("length")
    assert 0 < record.cut < len(ROWS)


def test_batches_of_another_machine_or_of_other_libraries_are_not_taken_over(tmp_path: Path) -> None:
    """The record names one environment for all answers."""
    answered = [Answer("a", "stop")]
    Spool(tmp_path / "s", HERE).put(0, answered)
    assert Spool(tmp_path / "s", HERE.model_copy(update={"git_commit": "f" * 40})).done == {0: answered}
    for other in ({"device": "cuda:0"}, {"packages": {"torch": "9"}}, {"threads": 64}):
        spool = Spool(tmp_path / "s", HERE.model_copy(update=other))
        assert spool.done == {}
        spool.put(0, [Answer("b", "stop")])
    assert Spool(tmp_path / "s", HERE).done == {0: answered}
