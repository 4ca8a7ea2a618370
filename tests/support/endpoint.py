"""An endpoint of chat completions on loopback, which answers as it is told to, after troubles of all kinds."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]

MODEL = "made-up-8b-0925"
"""What it calls itself, whatever it was asked for."""


@dataclass(frozen=True, eq=False)
class Trouble:
    """Something else than an answer: a status with a body, or no answer after ``seconds``, or none at all."""

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


DROPPED = Trouble()
"""The connection is closed without a word."""


def failing(status: int, message: str = "no", code: str | None = None, **headers: str) -> Trouble:
    """An error as OpenAI words it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Trouble(status, json.dumps({"error": {"message": message, "code": code}}).encode(), named)


def paraphrased(body: Body) -> str:
    """Two variants of the message that a prompt holds."""
    said = json.loads(body["messages"][-1]["content"])["message"]
    return json.dumps({"variants": [f"Please: {said}", f"{said} Thanks."]})


@dataclass
class Server:
    """The endpoint at work, and what it was asked; ``troubles`` come first, one a request, None for an answer."""

    url: str = ""
    answer: Callable[[Body], str | Body] = paraphrased
    troubles: deque[Trouble | None] = field(default_factory=deque)
    delay: Callable[[Body], float] = lambda body: 0.0
    asked: list[Body] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        with self._lock:
            self.asked.append(body)
            self.headers.append(dict(handler.headers.items()))
            self.times.append(time.monotonic())
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            trouble = self.troubles.popleft() if self.troubles else None
        try:
            if trouble is None:
                time.sleep(self.delay(body))
                _send(handler, 200, json.dumps(self._completion(body)).encode(), {"content-type": "application/json"})
            else:
                time.sleep(trouble.seconds)
                if trouble.status is not None:
                    _send(handler, trouble.status, trouble.body, trouble.headers)
        finally:
            with self._lock:
                self._at_once -= 1

    def _completion(self, body: Body) -> Body:
        answer = self.answer(body)
        if isinstance(answer, dict):
            return answer
        given = sum(len(message["content"].split()) for message in body["messages"])
        return completion(answer, given, len(answer.split()))


def completion(text: str | None, given: int = 10, answered: int = 5, finish: str = "stop") -> Body:
    """What an endpoint answers."""
    return {
        "id": "c",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": given, "completion_tokens": answered, "total_tokens": given + answered},
    }


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        handler.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:  # who asked has gone
        handler.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    """Run an endpoint."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.handle(self)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}/v1"
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
