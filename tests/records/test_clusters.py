from __future__ import annotations

import pytest

from qlora_gov.records.clusters import clustered, clustered_by_prompt, linked
from qlora_gov.records.example import Example, Message
from tests.stages.toys import example


def groups(examples: list[Example]) -> list[str]:
    return [one.group for one in examples]


def test_what_is_shared_by_way_of_others_is_one_cluster_named_by_its_first_row() -> None:
    rows = [example(name) for name in "abcdef"]
    shared = [(["1"], ["x"]), (["2"], ["y"]), (["3"], ["x"]), (["3"], ["y"]), (["4"], ["1"]), (["5"], [""])]
    found = clustered(rows, shared)
    assert groups(found) == ["a", "a", "a", "a", "e", "f"]
    assert [one.model_copy(update={"group": "g"}) for one in found] == [
        one.model_copy(update={"group": "g"}) for one in rows
    ]
    assert clustered([], []) == []


@pytest.mark.parametrize(
    "other", ["MAY I?", "May  I?\n", "\u201cMay I\u201d", "M\u200bay I?", "\uff2day I?", "  (may i)"]
)
def test_a_prompt_is_the_same_however_it_is_written(other: str) -> None:
    asked = [example("May I?", "yes", group="1"), example(other, "You may.", group="2"), example("May we?", group="3")]
    assert groups(clustered_by_prompt(asked)) == ["1", "1", "3"]


def test_what_has_no_text_is_shared_with_nobody() -> None:
    silent = [
        Example(messages=(Message(role="assistant", content=str(at)),), group=str(at), source="s") for at in (1, 2)
    ]
    asked = [example(text, group=text) for text in ("?", "!")]
    assert groups(clustered_by_prompt([*silent, *asked])) == ["1", "2", "?", "!"]


def test_turns_are_told_apart() -> None:
    texts = [("a", "b"), ("ab",), ("a", "b")]
    rows = [example(str(at)) for at in range(3)]
    assert groups(clustered(rows, [(text,) for text in texts])) == ["0", "1", "0"]


def test_what_is_linked_has_one_number() -> None:
    one, two, three, four, five = linked([("a", 1), ("b", 1), ("b", 2), (None, None), ("1", None)])
    assert one == two == three
    assert len({one, four, five}) == 3
    assert linked([]) == []
