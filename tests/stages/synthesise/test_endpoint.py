"""The troubles that an endpoint makes: which pass, which do not, and what is kept of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from qlora_gov.stages.synthesise.asking import IN_A_ROW
from tests.stages.synthesise.conftest import SOON, Start, no_key
from tests.support.endpoint import DROPPED, Server, Trouble, completion, failing

KEY = "sk-secret-0123456789"
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
    made = making.ask(no_key)
    assert (made.requests, made.retries, made.unanswered) == (2 * len(troubles), len(troubles), {})
    assert len(making.rows) == 2 * len(troubles)
    told = [note for note in making.progress.notes if "again in" in note]
    assert all(any(note.startswith(said) for note in told) for said in troubles.values()), told


def test_a_limit_that_one_meets_holds_up_all(server: Server, start: Start) -> None:
    server.troubles.append(failing(429, retry_after="0.4"))
    start(8, concurrency=2).ask(no_key)
    quick = [at for at in server.times if at - server.times[0] < 0.35]
    assert len(quick) <= 3, "one more request of the other worker, which was under way, and no other"


@pytest.mark.parametrize("refusal", [failing(401, f"no such key: {KEY}"), failing(404), failing(402)])
def test_what_never_passes_stops_it_at_once_and_tells_no_key(server: Server, start: Start, refusal: Trouble) -> None:
    server.delay = lambda body: 0.1
    server.troubles.append(refusal)
    making = start(20, concurrency=2)
    made = making.ask(lambda: KEY)
    assert made.unanswered == {f"HTTP {refusal.status}": 1}
    assert KEY not in made.said
    assert "sk-" not in made.said
    assert len(server.asked) == 2
    assert len(making.rows) == 1, "what was under way came to its end"
    assert KEY not in making.journal.path.read_text()


def test_a_quota_that_is_spent_is_no_limit_that_passes(server: Server, start: Start) -> None:
    server.troubles.append(failing(429, "You exceeded your current quota", "insufficient_quota", retry_after=SOON))
    made = start(5, concurrency=1).ask(no_key)
    assert (made.requests, made.retries) == (1, 0)
    assert "exceeded your current quota" in made.said


def test_a_prompt_that_is_refused_leaves_the_others(server: Server, start: Start) -> None:
    other = Trouble(400, b'{"detail": "context length exceeded"}')
    server.troubles.extend([failing(400, "context length exceeded"), other])
    making = start(5, concurrency=1)
    made = making.ask(no_key)
    assert made.unanswered == {"HTTP 400": 2}
    assert made.said == 'HTTP 400: {"detail": "context length exceeded"}'
    assert len(making.rows) == 3
    assert not making.told["complete"]
    assert start(5).ask(no_key).requests == 2


def test_many_refusals_in_a_row_stop_it(server: Server, start: Start) -> None:
    server.troubles.extend([failing(422)] * 99)
    assert start(30, concurrency=1).ask(no_key).unanswered == {"HTTP 422": IN_A_ROW}


def test_an_endpoint_that_never_answered_is_given_up_after_one_request(start: Start) -> None:
    made = start(9, url="http://127.0.0.1:1/v1", concurrency=1, retries=1).ask(no_key)
    assert (made.requests, made.retries, made.unanswered) == (1, 1, {"no connection": 1})
