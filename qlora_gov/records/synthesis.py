"""Synthetic rows: by what they are asked for, what each of them says of its origin, and what a file of them holds."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, JsonValue, model_validator

from qlora_gov.canonical import is_content_id
from qlora_gov.records.component import Component
from qlora_gov.records.dataset import DatasetVersion
from qlora_gov.records.record import Frozen

LABEL = "synthetic"
"""The key of a generated row under which it says where it comes from."""

LIMITS = ("max_completion_tokens", "max_tokens")
"""Parameters of a request that bound what it may take."""

_OURS = ("messages", "model", "n", "stream")


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("should be an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("goes on record: leave out user, password and query; 'key' names the variable with the key")
    return url


def _digest(text: str) -> str:
    if not is_content_id(text):
        raise ValueError("should be a digest, sha256:...")
    return text


Digest = Annotated[str, AfterValidator(_digest)]


class Prices(Frozen):
    """What an endpoint charges for a million tokens."""

    input: float = Field(ge=0, description="of a million tokens that the model is given")
    output: float = Field(ge=0, description="of a million tokens that it answers")
    currency: str = Field(default="USD", min_length=1, description="in what they are charged")


class Endpoint(Frozen):
    """A model behind an endpoint that speaks OpenAI's protocol of chat completions."""

    url: Annotated[str, AfterValidator(_address)] = Field(description="such as http://localhost:8000/v1")
    model: str = Field(min_length=1, description="what the endpoint calls the model; rows name the one that it says")
    key: str | None = Field(
        default=None, min_length=1, description="the environment variable that holds the API key; none: none is sent"
    )
    parameters: Mapping[str, JsonValue] = Field(
        default={}, description="what every request holds besides, such as {temperature: 0.9, max_tokens: 500}"
    )
    concurrency: int = Field(default=4, ge=1, le=1_000, description="requests that are under way at once, at most")
    timeout: float = Field(default=120, gt=0, description="seconds after which a request is given up and made again")
    retries: int = Field(default=5, ge=0, le=100, description="how often a request is made again that failed")
    prices: Prices | None = Field(default=None, description="none: what it costs is not told")

    @model_validator(mode="after")
    def _leaves_ours(self) -> Endpoint:
        if taken := [name for name in _OURS if name in self.parameters]:
            raise ValueError(f"parameters: {taken[0]!r} is not one to set: one answer is asked for, and read whole")
        return self

    @property
    def most(self) -> int | None:
        """The most tokens that an answer can have, where the parameters say it."""
        found = [value for name in LIMITS if isinstance(value := self.parameters.get(name), int)]
        return min(found, default=None)


class Budget(Frozen):
    """What may be spent on an entry over all its runs; requests that could exceed it are not made."""

    tokens: int | None = Field(default=None, ge=1, description="tokens given and answered; none: any number")
    money: float | None = Field(default=None, gt=0, description="by the endpoint's prices; none: any sum")


class SyntheticLabel(Frozen):
    """What a generated row says of its origin, under the key ``synthetic``."""

    model: str = Field(min_length=1, description="the model that answered, as the endpoint says")
    template: Digest = Field(description="of the text by which its prompt was made")
    date: datetime.date = Field(description="the day of the answer, UTC")
    parents: tuple[Digest, ...] = Field(min_length=1, description="ids of the seed rows that it was made from")


class SynthesisManifest(Frozen):
    """What a file of generated rows holds, and how it was made; it lies beside the file."""

    rows: int
    digest: Digest = Field(description="of the file of rows")
    complete: bool = Field(description="whether every prompt has an answer")
    synthesiser: Component
    template: str = Field(description="the text by which prompts were made")
    seeds: DatasetVersion = Field(description="the rows that prompts were made from, with sources and steps")
    sample: int | None = Field(description="how many of them were drawn; None: all of them")
    seed: int = Field(description="of what was drawn at random")
    model: str = Field(description="what was asked for")
    parameters: Mapping[str, JsonValue]
    models: Mapping[str, int] = Field(description="the models that answered, as the endpoint says, to answers")
    urls: tuple[str, ...] = Field(description="the endpoints that answered")
    prompts: int
    answers: int
    refused: Mapping[str, int] = Field(description="why something in an answer is no row: reason to how often")
    input_tokens: int
    output_tokens: int
    unmetered: int = Field(description="answers whose tokens the endpoint did not tell; they are in no sum")
    costs: Mapping[str, float] = Field(description="what the answers cost by the prices of their day, by currency")
