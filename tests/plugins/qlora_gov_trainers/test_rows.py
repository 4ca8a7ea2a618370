"""What the trainer reads before its first step, and which rows it refuses then."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from qlora_gov import DataError, Example, Message, TrainingJob
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.plugin.specs import ReadingTrainer
from qlora_gov_trainers.rows import chosen_alone, read_rows
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.stages.toys import Quiet
from tests.support.tiny import CHAT_TEMPLATE, make_tiny_base

DAY = date(2026, 2, 3)


def rows(*answers: str) -> list[Example]:
    return [
        Example(
            messages=(Message(role="user", content="q"), Message(role="assistant", content=answer)),
            group=str(at),
            source=f"train.jsonl:{at}",
        )
        for at, answer in enumerate(answers, start=1)
    ]


def job(base: Path, examples: list[Example], *, today: date = DAY, strict: bool = False) -> TrainingJob:
    return TrainingJob(base, "b", examples, base, base, 0, Quiet(), today, strict)


def notes(base: Path, examples: list[Example], *, max_length: int = 500, strict: bool = False) -> tuple[str, ...]:
    return read_rows(load_tokenizer(base), job(base, examples, strict=strict), max_length).notes


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_base(
        tmp_path_factory.mktemp("dated") / "b", chat_template="{{ strftime_now('%Y') }}" + CHAT_TEMPLATE
    )


@pytest.fixture
def trainer() -> Nf4QloraTrainer:
    return Nf4QloraTrainer(Nf4QloraSettings.model_validate({}))


def test_clean_rows_are_what_they_always_were(tiny_base: Path, trainer: Nf4QloraTrainer) -> None:
    assert isinstance(trainer, ReadingTrainer)
    assert trainer.reads(tiny_base, rows("a", "b"), DAY) == {}
    assert notes(tiny_base, rows("a", "b")) == ()


def test_of_preference_pairs_the_chosen_answer_alone_is_read_and_a_note_says_so(tiny_base: Path) -> None:
    plain = rows("Yes.", "No.")
    pairs = [plain[0], plain[1].model_copy(update={"rejected": "Never, <|end|> I say."})]
    tokenizer = load_tokenizer(tiny_base)
    read = [read_rows(tokenizer, job(tiny_base, examples), 500) for examples in (plain, pairs)]
    assert read[0] == read[1]
    assert chosen_alone(plain) == ()
    assert chosen_alone(pairs) == ("preference pairs, of which the chosen answers alone were learned from: 1",)


def test_rows_that_spell_control_tokens_are_known_by_their_number(tiny_base: Path, trainer: Nf4QloraTrainer) -> None:
    spelled = rows("a", "It is <|end|> in here.", "<|start|>")
    assert trainer.reads(tiny_base, spelled, DAY) == {"shielded": 2}
    assert notes(tiny_base, spelled) == ("rows that spell a control token, which was kept as text: 2",)


def test_a_day_of_the_projects_own_is_known_where_the_template_asks(dated: Path, trainer: Nf4QloraTrainer) -> None:
    assert trainer.reads(dated, rows("a"), DAY) == {"today": "2026-02-03"}
    assert trainer.reads(dated, rows("a"), date(2024, 7, 26)) == {}, "what is found under the key of before"
    assert notes(dated, rows("a")) == ("the chat template was told that it is 2026-02-03",)


def test_every_row_over_the_recipes_length_is_counted(tiny_base: Path) -> None:
    with pytest.raises(DataError, match=r"^train.jsonl:2: 57 tokens, over training.max_length 50 \(and 1 more row\); "):
        notes(tiny_base, rows("a", "b" * 35, "c" * 36), max_length=50)


@pytest.mark.parametrize(("shape", "strict"), [("opt", False), ("gpt2", False), ("llama", True)])
def test_rows_over_the_positions_are_refused_before_the_first_step(tmp_path: Path, shape: str, strict: bool) -> None:
    base = make_tiny_base(tmp_path / "b", shape=shape, positions=40)
    with pytest.raises(
        DataError, match=r"^train.jsonl:2: 52 tokens, over the 40 positions of the base; drop long rows"
    ):
        notes(base, rows("a", "b" * 30), strict=strict)


def test_rows_over_the_positions_are_a_note_where_no_duty_binds(tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "b", positions=40)
    (note,) = notes(base, rows("a", "b" * 30, "c" * 31))
    assert note.startswith("train.jsonl:2: 52 tokens, over the 40 positions of the base (and 1 more row)")
