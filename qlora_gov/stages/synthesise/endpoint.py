"""A model behind OpenAI's protocol: one answer to some messages, after as many tries as it takes."""

from __future__ import annotations

import asyncio
import datetime
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from qlora_gov.errors import MissingExtraError
from qlora_gov.records.example import Message
from qlora_gov.records.synthesis import Endpoint
from qlora_gov.text import one_line

_LIBRARIES = ("filelock", "openai")
_AGAIN = frozenset({408, 409, 425, 429})
"""What may go well the next time, besides errors of the server."""

_NEVER = frozenset({401, 402, 403, 404})
"""What goes well for no request: a key, an account, an address or a model that is wrong."""

_LONGEST = 500
"""Characters of what is said of an error; some say it with a page of HTML."""

_SPENT = "insufficient_quota"
"""The code of a rate limit that does not pass: there is no money left."""

_backoff = wait_random_exponential(multiplier=0.5, max=60)


def require_synthesis_libraries() -> None:
    """Raise MissingExtraError where a library is missing by which endpoints are asked."""
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f'synthesis needs {", ".join(missing)}, not installed; run: pip install "qlora-gov[synthesis]"'
        )


class UnansweredError(Exception):
    """A request that got no answer; as text, with what the endpoint or the network said of it, on one line.

    Attributes:
        reason: in a few stable words.
        hopeless: whether no request can go well.
        after: seconds after which the endpoint asks to be asked again.
    """

    def __init__(self, reason: str, said: str = "", *, hopeless: bool = False, after: float | None = None) -> None:
        super().__init__(f"{reason}: {said}" if said else reason)
        self.reason = reason
        self.hopeless = hopeless
        self.after = after


class PassingError(UnansweredError):
    """One that may go well the next time."""


class _Said(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Said
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class Body(BaseModel):
    """What is read of an endpoint's answer. Endpoints differ in the rest, which is passed over."""

    model: str = Field(min_length=1)
    choices: tuple[_Choice, ...] = Field(min_length=1)
    usage: _Usage | None = None


class Client:
    """Asks an endpoint, and again where it failed and may not: after the time that it names, or longer and longer.

    A limit that one request meets holds up the others, too. ``retries`` and ``waited`` (seconds) are what that took so
    far; ``told`` hears of each wait.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, told: Callable[[str], None]) -> None:
        import openai

        self._openai = openai
        self._endpoint = endpoint
        self._key = key
        self._told = told
        # The library would send what its own variables hold: an organisation and a project, of whichever account.
        silent = ("OpenAI-Organization", "OpenAI-Project")
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.url,
            api_key=key or "none",  # the library insists on one
            max_retries=0,
            timeout=None,
            default_headers={name: openai.Omit() for name in silent},
        )
        self._not_before = 0.0
        self.retries = 0
        self.waited = 0.0

    async def complete(self, messages: Sequence[Message]) -> Body:
        """The model's answer. Raises UnansweredError where there is none after all tries."""
        tries = AsyncRetrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self._endpoint.retries + 1),
            wait=_seconds,
            before_sleep=self._pause,
            reraise=True,
        )
        return await tries(self._once, [message.model_dump() for message in messages])

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def _pause(self, state: RetryCallState) -> None:
        """Hold up the others, too, where the endpoint asks for it."""
        failed = state.outcome.exception() if state.outcome else None
        seconds = state.upcoming_sleep
        if isinstance(failed, PassingError) and failed.after is not None:
            self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)
        self.retries += 1
        self.waited += seconds
        self._told(f"{failed}: again in {seconds:.1f} s")

    async def _once(self, messages: list[dict[str, str]]) -> Body:
        while (wait := self._not_before - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait)
        try:
            async with asyncio.timeout(self._endpoint.timeout):
                raw = await self._client.chat.completions.with_raw_response.create(
                    model=self._endpoint.model, messages=messages, extra_body=dict(self._endpoint.parameters)
                )
            return Body.model_validate_json(raw.http_response.content)
        except TimeoutError as error:
            raise PassingError("no answer in time") from error
        except ValidationError as error:
            raise PassingError("answered with no chat completion", self._fit(raw.http_response.text)) from error
        except self._openai.APIConnectionError as error:
            raise PassingError("no connection", self._fit(str(error.__cause__ or error))) from error
        except self._openai.APIStatusError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Any) -> UnansweredError:
        """What a status other than success means."""
        status, body = error.status_code, error.body
        message = body.get("message") if isinstance(body, Mapping) else None
        reason, said = f"HTTP {status}", self._fit(message if isinstance(message, str) else error.response.text)
        if status in _NEVER or (status == 429 and error.code == _SPENT):
            return UnansweredError(reason, said, hopeless=True)
        if status in _AGAIN or status >= 500:
            return PassingError(reason, said, after=_asked_to_wait(error.response.headers))
        return UnansweredError(reason, said)

    def _fit(self, text: str) -> str:
        """What an endpoint or the network says, on a line, without the key: some endpoints say it back."""
        return one_line((text.replace(self._key, "[key]") if self._key else text)[:_LONGEST])


def _seconds(state: RetryCallState) -> float:
    """How long to wait before the next try: as the endpoint says, or longer and longer, never all at one time."""
    failed = state.outcome.exception() if state.outcome else None
    return failed.after if isinstance(failed, PassingError) and failed.after is not None else _backoff(state)


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of a header Retry-After, which holds seconds or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.datetime.now(datetime.UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
