"""Asking a real endpoint on loopback, through the real client: its troubles, a budget, and what is kept."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import Drop, Example, Message, Prompt
from qlora_gov.errors import DataError, PluginError
from qlora_gov.records.synthesis import Budget, Endpoint, Prices
from qlora_gov.stages.synthesise.asking import IN_A_ROW, Asked
from qlora_gov.stages.synthesise.journal import Completion, Journal
from qlora_gov.stages.synthesise.making import Making
from qlora_gov.stages.synthesise.prompting import BLANK, EMPTY, ENDED, SILENT, UNFIT, Maker
from tests.conftest import ROOT
from tests.docs.markdown import blocks_of
from tests.support.endpoint import DROPPED, MODEL, Server, Trouble, completion, failing, serving

KEY = "sk-secret-0123456789"
SOON = "0.01"


class Echo:
    """Asks for each seed, and takes the answer for another answer to it."""

    def template(self) -> str:
        return "Say it."

    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        for seed in seeds:
            yield Prompt((Message(role="user", content=seed.question),), (seed,))

    def rows(self, prompt: Prompt, answer: str) -> list[Any]:
        (seed,) = prompt.parents
        return [seed.with_messages((seed.messages[0], Message(role="assistant", content=answer)))]


class Quiet:
    """A display that only counts."""

    def __init__(self) -> None:
        self.done, self.notes = 0, list[str]()

    def begin(self, label: str, total: int) -> None:
        self.done = 0

    def advance(self, units: int = 1, note: str = "") -> None:
        self.done += units
        self.notes.append(note)


def seeds(count: int) -> list[Example]:
    turns = [
        (Message(role="user", content=f"Question {at}?"), Message(role="assistant", content="Yes."))
        for at in range(count)
    ]
    return [
        Example(messages=two, group=f"g{at}", intent="asking", provenance="human", source=f"s:{at}")
        for at, two in enumerate(turns)
    ]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        server.answer = lambda body: f"Well: {body['messages'][0]['content']}"
        yield server


Start = Callable[..., Making]


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Start:
    def making(count: int = 6, budget: Budget | None = None, synthesiser: Any = None, **settings: Any) -> Making:
        said: dict[str, Any] = {"url": server.url, "model": "some-8b", "timeout": 5, "parameters": {"max_tokens": 50}}
        endpoint = Endpoint(**said | settings)
        maker = Maker.of("test/echo", synthesiser or Echo())
        requests = maker.requests(seeds(count), 0, endpoint)
        return Making(maker, requests, endpoint, budget or Budget(), Journal(tmp_path / "journal.jsonl"), Quiet())

    return making


def asked(server: Server) -> list[str]:
    return [body["messages"][0]["content"] for body in server.asked]


def test_every_row_says_who_made_it_of_what(server: Server, start: Start) -> None:
    making = start(3)
    made = making.ask(KEY)
    assert (made.requests, made.retries, made.unanswered) == (3, 0, {})
    assert server.asked[0]["model"] == "some-8b"
    assert server.asked[0]["max_tokens"] == 50
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    for row, seed in zip(making.rows, seeds(3), strict=True):
        assert (row.provenance, row.group, row.intent) == ("synthetic", seed.group, "asking")
        label = row.extra["synthetic"]
        assert label["model"] == MODEL, "the one that answered, not the one that was asked for"
        assert label["parents"] == [seed.id]
        assert label["date"] == datetime.now(UTC).date().isoformat()
        assert label["template"].startswith("sha256:")
    assert making.told["models"] == {MODEL: 3}
    assert making.told["complete"]


HTML, JSON = {"content-type": "text/html"}, {"content-type": "application/json"}
LAST_YEAR = format_datetime(datetime.now(UTC) - timedelta(365), usegmt=True)
NO_MODEL = json.dumps({**completion("x"), "model": None}).encode()


def test_what_may_pass_is_asked_again(server: Server, start: Start) -> None:
    troubles = {
        failing(500, retry_after=SOON): "HTTP 500: no",
        failing(503, retry_after=LAST_YEAR): "HTTP 503",
        failing(408, retry_after=SOON): "HTTP 408",
        failing(409, retry_after="nan"): "HTTP 409",
        failing(429, retry_after="soon"): "HTTP 429",
        DROPPED: "no connection: Server disconnected",
        Trouble(seconds=1.5): "no answer in time",
        Trouble(200, b"<html>Bad gateway</html>", HTML): "answered with no chat completion",
        Trouble(200, b'{"choices": [', JSON): "answered with no chat completion",
        Trouble(200, b'{"model": "m", "choices": []}', JSON): "answered with no chat completion",
        Trouble(200, NO_MODEL, JSON): "answered with no chat completion",
    }
    server.troubles.extend(one for trouble in troubles for one in (trouble, None))
    making = start(2 * len(troubles), timeout=1, concurrency=2)
    made = making.ask(None)
    assert (made.requests, made.retries, made.unanswered) == (2 * len(troubles), len(troubles), {})
    assert len(making.rows) == 2 * len(troubles)
    told = [note for note in making.progress.notes if "again in" in note]
    assert all(any(note.startswith(said) for note in told) for said in troubles.values()), told


def test_a_limit_that_one_meets_holds_up_all(server: Server, start: Start) -> None:
    server.troubles.append(failing(429, retry_after="0.4"))
    start(8, concurrency=2).ask(None)
    quick = [at for at in server.times if at - server.times[0] < 0.35]
    assert len(quick) <= 3, "one more request of the other worker, which was under way, and no other"


def test_so_many_are_under_way_and_no_more(server: Server, start: Start) -> None:
    server.delay = lambda body: 0.05
    start(12, concurrency=3).ask(None)
    assert server.most_at_once == 3


def test_rows_stand_in_the_order_of_prompts_whatever_the_order_of_answers(server: Server, start: Start) -> None:
    server.delay = lambda body: 0.02 * (7 - int(body["messages"][0]["content"].split()[1][:-1]))
    late = start(6, concurrency=6)
    late.ask(None)
    assert list(late.journal.had) != [request.key for request in late.requests], "they came the other way round"
    late.journal.path.unlink()
    server.delay = lambda body: 0.0
    early = start(6, concurrency=1)
    early.ask(None)
    assert early.rows == late.rows
    assert early.told == late.told


def test_an_answer_is_asked_for_once(server: Server, start: Start) -> None:
    first = start(4)
    first.ask(None)
    again = start(6)
    assert [request.prompt.parents[0].question for request in again.missing] == ["Question 4?", "Question 5?"]
    assert again.ask(None).requests == 2
    assert Counter(asked(server)) == Counter(f"Question {at}?" for at in range(6))
    assert again.rows[:4] == first.rows
    whole = start(6)
    assert whole.ask(None) == Asked(), "and without the endpoint, too"
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
    making.ask(None)
    assert len(server.asked) == len(making.rows) == len({request.key for request in making.requests}) == 4
    assert [request.key for request in start(2, synthesiser=Twice()).requests] == [one.key for one in making.requests]


def test_a_cut_line_is_asked_for_again_and_another_is_refused(server: Server, start: Start) -> None:
    making = start(3, concurrency=1)
    making.ask(None)
    path = making.journal.path
    path.write_bytes(path.read_bytes()[:-20])
    assert start(3).ask(None).requests == 1
    assert start(3).missing == []
    path.write_bytes(b'{"request": "r"}\n' + path.read_bytes())
    with pytest.raises(DataError, match=r"journal\.jsonl:1: no answer that was kept: missing key 'completion'"):
        start(3)


@pytest.mark.parametrize("refusal", [failing(401, f"no such key: {KEY}"), failing(404), failing(402)])
def test_what_never_passes_stops_it_at_once_and_tells_no_key(server: Server, start: Start, refusal: Trouble) -> None:
    server.delay = lambda body: 0.1
    server.troubles.append(refusal)
    making = start(20, concurrency=2)
    made = making.ask(KEY)
    assert made.unanswered == {f"HTTP {refusal.status}": 1}
    assert KEY not in made.said
    assert "sk-" not in made.said
    assert len(server.asked) == 2
    assert len(making.rows) == 1, "what was under way came to its end"
    assert KEY not in making.journal.path.read_text()


def test_a_quota_that_is_spent_is_no_limit_that_passes(server: Server, start: Start) -> None:
    server.troubles.append(failing(429, "You exceeded your current quota", "insufficient_quota", retry_after=SOON))
    made = start(5, concurrency=1).ask(None)
    assert (made.requests, made.retries) == (1, 0)
    assert "exceeded your current quota" in made.said


def test_a_prompt_that_is_refused_leaves_the_others(server: Server, start: Start) -> None:
    other = Trouble(400, b'{"detail": "context length exceeded"}')
    server.troubles.extend([failing(400, "context length exceeded"), other])
    making = start(5, concurrency=1)
    made = making.ask(None)
    assert made.unanswered == {"HTTP 400": 2}
    assert made.said == 'HTTP 400: {"detail": "context length exceeded"}'
    assert len(making.rows) == 3
    assert not making.told["complete"]
    assert start(5).ask(None).requests == 2


def test_many_refusals_in_a_row_stop_it(server: Server, start: Start) -> None:
    server.troubles.extend([failing(422)] * 99)
    assert start(30, concurrency=1).ask(None).unanswered == {"HTTP 422": IN_A_ROW}


def test_an_endpoint_that_never_answered_is_given_up_after_one_request(start: Start) -> None:
    made = start(9, url="http://127.0.0.1:1/v1", concurrency=1, retries=1).ask(None)
    assert (made.requests, made.retries, made.unanswered) == (1, 1, {"no connection": 1})


def test_a_budget_is_never_exceeded_and_what_was_had_is_kept(server: Server, start: Start) -> None:
    server.answer = lambda body: completion("Yes.", given=20, answered=30)
    prices = Prices(input=1.0, output=10.0)
    for budget in (Budget(tokens=300), Budget(money=0.0018)):
        making = start(20, budget, prices=prices, concurrency=5)
        made = making.ask(None)
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
        assert start(20, budget, prices=prices).ask(None).requests == 0, "what was spent before counts"
        assert len(server.asked) == had == len(making.rows)
        making.journal.path.unlink()
        server.asked.clear()


def test_tokens_that_nobody_told_are_counted_at_their_most_and_said(server: Server, start: Start) -> None:
    server.answer = lambda body: {**completion("Yes."), "usage": None}
    making = start(9, Budget(tokens=400))
    made = making.ask(None)
    most = making.spending.most(making.requests[0].prompt.messages).tokens
    assert len(making.rows) == 400 // most < 9
    assert made.over_budget
    told = making.told
    assert (told["input_tokens"], told["output_tokens"], told["unmetered"]) == (0, 0, len(making.rows))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (completion("Ye", finish="length"), ENDED["length"]),
        (completion("Ye", finish="content_filter"), ENDED["content_filter"]),
        (completion(None), SILENT),
        (completion("  "), SILENT),
        (completion("nothing"), EMPTY),
        (completion("drop"), "not wanted"),
        (completion("odd"), "cannot be read"),
        (completion("blank"), BLANK),
        (completion("half"), UNFIT),
        (completion("question"), UNFIT),
    ],
)
def test_an_answer_that_is_no_row_is_refused_and_kept(
    server: Server, start: Start, body: dict[str, Any], reason: str
) -> None:
    class Picky(Echo):
        def rows(self, prompt: Prompt, answer: str) -> list[Any]:
            (seed,) = prompt.parents
            question, reference = seed.messages
            match answer:
                case "nothing":
                    return []
                case "drop":
                    return [Drop("not wanted")]
                case "odd":
                    raise DataError("cannot be read")
                case "blank":
                    return [seed.with_messages((question, Message(role="assistant", content=" ")))]
                case "half":
                    half = Message.model_construct(role="assistant", content="\ud83d")
                    return [seed.with_messages((question, half))]
                case "question":
                    return [seed.with_messages((reference, question))]
            return super().rows(prompt, answer)

    server.answer = lambda said: body if "0" in said["messages"][0]["content"] else "Yes."
    making = start(2, synthesiser=Picky())
    making.ask(None)
    assert making.told["refused"] == {reason: 1}
    assert len(making.rows) == 1
    assert start(2, synthesiser=Picky()).ask(None).requests == 0


def test_rows_can_be_made_anew_of_answers_that_were_had(server: Server, start: Start) -> None:
    class Broken(Echo):
        def rows(self, prompt: Prompt, answer: str) -> list[Any]:
            raise KeyError("variants")

    with pytest.raises(PluginError, match=r"test/echo raised KeyError: 'variants'"):
        start(1, synthesiser=Broken()).ask(None)
    mended = start(1)
    assert mended.ask(None).requests == 0
    assert len(mended.rows) == len(server.asked) == 1


class Changing(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        seeds[0].extra["seen"] = True
        return super().prompts(seeds, draw)


class Foreign(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        made_up = seeds[0].with_messages((Message(role="assistant", content="made up"),))
        yield Prompt(seeds[0].messages[:1], (made_up,))


class Orphaned(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt(seeds[0].messages[:1], ())


class Loose(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt(({"role": "user", "content": "Hi"},), (seeds[0],))  # type: ignore[arg-type]


class Half(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt((Message.model_construct(role="user", content="\ud83d"),), (seeds[0],))


class Nameless(Echo):
    def template(self) -> str:
        return " "


@pytest.mark.parametrize(
    ("synthesiser", "said"),
    [
        (Changing(), "changed a row in place, first s:0"),
        (Foreign(), "made a prompt of a row that is none of its seeds"),
        (Orphaned(), "not a Prompt with messages and parents"),
        (Loose(), "not a Prompt with messages and parents"),
        (Half(), "made a prompt that cannot be sent"),
        (Nameless(), "as its template, not a text"),
    ],
)
def test_a_synthesiser_that_breaks_its_promise_is_named(start: Start, synthesiser: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"test/echo .*{said}"):
        start(2, synthesiser=synthesiser)


def test_what_is_drawn_is_drawn_alike(start: Start) -> None:
    class Drawing(Echo):
        def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
            yield from super().prompts(draw.sample(seeds, 3), draw)

    keys = [request.key for request in start(9, synthesiser=Drawing()).requests]
    assert keys == [request.key for request in start(9, synthesiser=Drawing()).requests]
    assert keys != [request.key for request in start(9).requests[:3]]


def test_an_answer_without_what_it_took_is_kept_as_such(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    kept = Completion(text="Yes.", model="m", url="http://h", date=date(2026, 1, 2), tokens=7)
    journal.put("r", kept)
    assert Journal(journal.path).had == {"r": kept}


def test_the_documented_synthesiser_makes_rows(server: Server, start: Start) -> None:
    (block,) = (one for one in blocks_of(ROOT / "docs" / "data.md") if "class FollowUps" in one.text)
    namespace: dict[str, Any] = {}
    exec(compile(block.text, str(block), "exec", dont_inherit=True), namespace)
    (spec,) = namespace["qlora_gov_synthesisers"]()
    server.answer = lambda body: "And then?\n\nNothing." if "Question 0" in body["messages"][0]["content"] else "No."
    making = start(2, synthesiser=spec.factory())
    making.ask(None)
    assert [[turn.content for turn in row.messages] for row in making.rows] == [
        ["Question 0?", "Yes.", "And then?", "Nothing."]
    ]
    assert making.told["refused"] == {"no empty line": 1}
