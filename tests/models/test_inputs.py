"""All rows are read before the first step; what cannot be is told in a line that says where and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import DataError
from qlora_gov.models.clock import CLOCK
from qlora_gov.models.inputs import Reading, read_evaluation
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.models.positions import Positions
from qlora_gov.records.example import Example, Message
from tests.stages.toys import Quiet
from tests.support.tiny import CHAT_TEMPLATE, make_tiny_base

LAST_WORD = "{% if not loop.last %}{{ m['content'] | upper }}{% else %}{{ m['content'] }}{% endif %}"


def row(number: int, *turns: tuple[str, str]) -> Example:
    messages = tuple(Message.model_validate({"role": role, "content": text}) for role, text in turns)
    return Example(messages=messages, group=str(number), source=f"rows.jsonl:{number}")


def asked(number: int, question: str = "Hi", answer: str = "Yes") -> Example:
    return row(number, ("user", question), ("assistant", answer))


UNLIMITED = Positions(None)


def read(base: Path, *examples: Example, positions: Positions = UNLIMITED, **changes: Any) -> Reading:
    progress = Quiet()
    settings: dict[str, Any] = {"likelihoods": True, "max_new_tokens": 8, "strict": False}
    reading = read_evaluation(
        load_tokenizer(base), examples, positions, clock=CLOCK, progress=progress, **settings | changes
    )
    assert progress.done == progress.total == len(examples)
    return reading


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}",
            "the chat template refuses a conversation: System role not supported (and 1 more row); "
            "put the system's text into the first turn of the user, or use a base whose template takes a system turn",
        ),
        (
            "{% for m in messages %}{% if (m.role == 'system') %}{{ raise_exception('Conversation roles must alternate "
            "user/assistant/user') }}{% endif %}{% endfor %}",
            "the chat template refuses a conversation: Conversation roles must alternate user/assistant/user "
            "(and 1 more row); let turns of user and assistant take turns, as the template asks, or use another base",
        ),
        (
            "{% if messages[0].role == 'system' %}{{ messages[0].lang.code }}{% endif %}",
            "the chat template refuses a conversation: 'dict object' has no attribute 'lang' (and 1 more row); "
            "change the row, or use a base whose template takes it",
        ),
    ],
)
def test_a_row_that_the_template_refuses_is_named_with_a_remedy(tmp_path: Path, template: str, said: str) -> None:
    base = make_tiny_base(tmp_path / "b", chat_template=template + CHAT_TEMPLATE)
    system = [row(at, ("system", "s"), ("user", "q"), ("assistant", "a")) for at in (3, 5)]
    with pytest.raises(DataError) as error:
        read(base, asked(1), *system)
    assert error.value.lines == (f"rows.jsonl:3: {said}",)


def test_a_row_whose_earlier_turns_are_rewritten_is_named_with_a_remedy(tmp_path: Path) -> None:
    template = "{% for m in messages %}<|start|>{{ m['role'] }}\n" + LAST_WORD + "<|end|>\n{% endfor %}"
    base = make_tiny_base(tmp_path / "b", chat_template=template)
    with pytest.raises(DataError, match=r"^rows.jsonl:1: the chat template rewrites earlier turns, so .* marked; give"):
        read(base, asked(1))


def test_rows_beyond_the_positions_are_told_one_line_for_each_kind(tiny_base: Path) -> None:
    rows = [asked(1), asked(2, "long " * 20), asked(3, "short", "long " * 30), asked(4, "long " * 21)]
    reading = read(tiny_base, *rows, positions=Positions(120, hard=True))
    assert reading.inputs.beyond == 3
    with pytest.raises(DataError) as error:
        reading.refuse()
    assert error.value.lines == (
        "rows.jsonl:2: 127 tokens with up to 8 of the answer, over the 120 positions of the base (and 1 more row); "
        "lower evaluation.generation.max_new_tokens, or drop such rows with the length filter",
        "rows.jsonl:2: 124 tokens with the reference answer, over the 120 positions of the base (and 2 more rows); "
        "shorten it, or drop such rows with the length filter",
    )


def test_the_last_new_token_takes_no_position(tiny_base: Path) -> None:
    prompt = len(".user\nHi.\n.assistant\n")  # a token a letter, the turns' marks among them
    for new, beyond in ((5, 0), (6, 1)):
        reading = read(tiny_base, asked(1), positions=Positions(prompt + 4), max_new_tokens=new, likelihoods=False)
        assert reading.inputs.beyond == beyond


@pytest.mark.parametrize(
    ("hard", "strict", "refused"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_going_on_in_silence_is_refused_where_the_project_says_so(
    tiny_base: Path, hard: bool, strict: bool, refused: bool
) -> None:
    reading = read(tiny_base, asked(1, "x" * 90), positions=Positions(50, hard), strict=strict)
    assert (bool(reading.problems), bool(reading.notices), reading.inputs.beyond) == (refused, not refused, 1)


def test_plain_inputs_say_nothing_but_their_digest(tiny_base: Path) -> None:
    inputs = read(tiny_base, asked(1), asked(2)).inputs
    assert inputs.plain
    assert inputs.model_dump(exclude_defaults=True) == {"digest": inputs.digest}


def test_spelled_control_tokens_are_counted_and_tell_inputs_apart(tiny_base: Path) -> None:
    spelled = asked(2, "Hi", "It ends in <|end|>, says it")
    inputs = read(tiny_base, asked(1), spelled, asked(3, "<|start|>")).inputs
    assert (inputs.shielded, inputs.plain) == (2, False)
    assert read(tiny_base, spelled, likelihoods=False).inputs.shielded == 0, "the reference is not read then"


def test_the_day_is_recorded_where_the_template_asks(tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "b", chat_template="{{ strftime_now('%Y') }}\n" + CHAT_TEMPLATE)
    inputs = read(base, asked(1)).inputs
    assert (inputs.today, inputs.plain) == ("2024-07-26", False)


def test_the_digest_tells_rows_and_their_bounds_apart(tiny_base: Path) -> None:
    sets = [[asked(1, "ab"), asked(2, "c")], [asked(1, "a"), asked(2, "bc")], [asked(1, "ab"), asked(2, "c", "No")]]
    digests = {read(tiny_base, *rows).inputs.digest for rows in sets}
    assert len(digests) == 3
    assert read(tiny_base, *sets[0]).inputs.digest in digests
