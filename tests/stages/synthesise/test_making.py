"""What asking comes to: labelled rows in one order, no answer asked for twice, and a budget that holds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import Prompt
from qlora_gov.errors import DataError
from qlora_gov.records.synthesis import Budget, Prices
from qlora_gov.stages.synthesise.asking import Asked
from qlora_gov.stages.synthesise.journal import Completion, Journal
from tests.stages.synthesise.conftest import Echo, Start, asked, no_key, seeds
from tests.support.endpoint import MODEL, Server, completion


def test_every_row_says_who_made_it_of_what(server: Server, start: Start) -> None:
    making = start(3)
    made = making.ask(lambda: "a key")
    assert (made.requests, made.retries, made.unanswered) == (3, 0, {})
    assert server.asked[0]["model"] == "some-8b"
    assert server.asked[0]["max_tokens"] == 50
    assert {headers["authorization"] for headers in server.headers} == {"Bearer a key"}
    for row, seed in zip(making.rows, seeds(3), strict=True):
        assert (row.provenance, row.group, row.intent) == ("synthetic", seed.group, "asking")
        label = row.extra["synthetic"]
        assert label["model"] == MODEL, "the one that answered, not the one that was asked for"
        assert label["parents"] == [seed.id]
        assert label["date"] == datetime.now(UTC).date().isoformat()
        assert label["template"].startswith("sha256:")
    assert making.told["models"] == {MODEL: 3}
    assert making.told["complete"]


def test_so_many_are_under_way_and_no_more(server: Server, start: Start) -> None:
    server.delay = lambda body: 0.05
    start(12, concurrency=3).ask(no_key)
    assert server.most_at_once == 3


def test_rows_stand_in_the_order_of_prompts_whatever_the_order_of_answers(server: Server, start: Start) -> None:
    server.delay = lambda body: 0.02 * (7 - int(body["messages"][0]["content"].split()[1][:-1]))
    late = start(6, concurrency=6)
    late.ask(no_key)
    assert list(late.journal.had) != [request.key for request in late.requests], "they came the other way round"
    late.journal.path.unlink()
    server.delay = lambda body: 0.0
    early = start(6, concurrency=1)
    early.ask(no_key)
    assert early.rows == late.rows
    assert early.told == late.told


def test_an_answer_is_asked_for_once(server: Server, start: Start) -> None:
    first = start(4)
    first.ask(no_key)
    again = start(6)
    assert [request.prompt.parents[0].question for request in again.missing] == ["Question 4?", "Question 5?"]
    assert again.ask(no_key).requests == 2
    assert Counter(asked(server)) == Counter(f"Question {at}?" for at in range(6))
    assert again.rows[:4] == first.rows
    whole = start(6)
    assert whole.ask(no_key) == Asked(), "and without the endpoint, too"
    assert whole.rows == again.rows


def test_other_words_model_or_parameters_are_another_question(start: Start) -> None:
    keys = {start(1).requests[0].key}
    keys |= {start(1, **change).requests[0].key for change in ({"model": "other"}, {"parameters": {"max_tokens": 51}})}
    assert len(keys) == 3
    assert start(1, url="http://127.0.0.1:1/v1").requests[0].key in keys, "the same question, wherever it is asked"


def test_the_same_prompt_twice_is_asked_twice(server: Server, start: Start) -> None:
    class Twice(Echo):
        def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
            yield from (prompt for prompt in super().prompts(seeds, draw) for _ in range(2))

    making = start(2, synthesiser=Twice())
    making.ask(no_key)
    assert len(server.asked) == len(making.rows) == len({request.key for request in making.requests}) == 4
    assert [request.key for request in start(2, synthesiser=Twice()).requests] == [one.key for one in making.requests]


def test_a_cut_line_is_asked_for_again_and_another_is_refused(server: Server, start: Start) -> None:
    making = start(3, concurrency=1)
    making.ask(no_key)
    path = making.journal.path
    path.write_bytes(path.read_bytes()[:-20])
    assert start(3).ask(no_key).requests == 1
    assert start(3).missing == []
    path.write_bytes(b'{"request": "r"}\n' + path.read_bytes())
    with pytest.raises(DataError, match=r"journal\.jsonl:1: no answer that was kept: missing key 'completion'"):
        start(3)


def test_an_answer_without_what_it_took_is_kept_as_such(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    kept = Completion(text="Yes.", model="m", url="http://h", date=date(2026, 1, 2), tokens=7)
    journal.put("r", kept)
    assert Journal(journal.path).had == {"r": kept}


def test_a_budget_is_never_exceeded_and_what_was_had_is_kept(server: Server, start: Start) -> None:
    server.answer = lambda body: completion("Yes.", given=20, answered=30)
    prices = Prices(input=1.0, output=10.0)
    for budget in (Budget(tokens=300), Budget(money=0.0018)):
        making = start(20, budget, prices=prices, concurrency=5)
        made = making.ask(no_key)
        assert made.over_budget
        assert made.unanswered == {}
        spent = making.spending
        most = making.spending.most(making.requests[0].prompt.messages)
        if budget.tokens is not None:
            assert budget.tokens - most.tokens < spent.tokens <= budget.tokens
        if budget.money is not None:
            assert budget.money - most.money < spent.money <= budget.money
        assert making.told["costs"] == {"USD": pytest.approx(len(making.rows) * (20 * 1 + 30 * 10) / 1e6)}
        had = len(server.asked)
        assert start(20, budget, prices=prices).ask(no_key).requests == 0, "what was spent before counts"
        assert len(server.asked) == had == len(making.rows)
        making.journal.path.unlink()
        server.asked.clear()


def test_tokens_that_nobody_told_are_counted_at_their_most_and_said(server: Server, start: Start) -> None:
    server.answer = lambda body: {**completion("Yes."), "usage": None}
    making = start(9, Budget(tokens=400))
    made = making.ask(no_key)
    most = making.spending.most(making.requests[0].prompt.messages).tokens
    assert len(making.rows) == 400 // most < 9
    assert made.over_budget
    told = making.told
    assert (told["input_tokens"], told["output_tokens"], told["unmetered"]) == (0, 0, len(making.rows))
