"""Samples of one task of lm-evaluation-harness: a line for each document and filter."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from qlora_gov import DataError
from qlora_gov_imports.json_files import read_json_lines
from qlora_gov_imports.rows import explain


class Sample(BaseModel):
    """One line: a document's requests, the responses before and after a filter, and a value for each metric.

    ``arguments`` are those of each request, ``gen_args_0`` with ``arg_0`` (the prompt) and ``arg_1`` (what may
    follow, or settings), and so on; a multiple choice is a request for each option. The harness turned all within
    ``resps`` and ``filtered_resps`` into texts. Metrics are further keys.
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    doc_id: int
    target: str
    arguments: Mapping[str, Mapping[str, Any]]
    resps: list[Any]
    filtered_resps: list[Any]
    filter: str
    metrics: list[str]
    doc_hash: str
    prompt_hash: str
    target_hash: str

    def values(self) -> Iterator[tuple[str, Any]]:
        """Each metric with its value, whatever that is."""
        yield from ((name, (self.model_extra or {})[name]) for name in self.metrics)

    @property
    def prompt(self) -> str:
        """The prompt of the first request."""
        return _shown(self.arguments["gen_args_0"]["arg_0"])

    @property
    def asked(self) -> list[str]:
        """The prompts of all requests, and the options: a prompt may be the same where these are not.

        Options in another order are no other question.
        """
        given = list(self.arguments.values())
        prompts = dict.fromkeys(text for request in given if isinstance(text := request.get("arg_0"), str))
        options = [text for request in given if isinstance(text := request.get("arg_1"), str)]
        return [*sorted(prompts), *sorted(options)]

    @property
    def generated_with(self) -> list[Mapping[str, Any]]:
        """The settings of each request that has some."""
        given = (request.get("arg_1") for request in self.arguments.values())
        return [settings for settings in given if isinstance(settings, Mapping)]

    @property
    def options(self) -> tuple[str, ...]:
        """What a multiple choice let the subject choose from; empty where the requests do not share one prompt."""
        requests = [(request.get("arg_0"), request.get("arg_1")) for request in self.arguments.values()]
        options = tuple(text.strip() for prompt, text in requests if prompt == requests[0][0] and isinstance(text, str))
        return options if len(options) == len(requests) else ()

    @property
    def response(self) -> str:
        """The response after the filter."""
        return _shown(self.filtered_resps)

    @property
    def unfiltered(self) -> str:
        """What the subject said before any filter, a JSON list where it was asked several times."""
        return _shown(self.resps)

    @property
    def chosen(self) -> str:
        """The option that the subject found likeliest, or else the logged responses."""
        try:
            likelihoods = [float(response[0]) for response in self.filtered_resps]
        except (ValueError, IndexError, TypeError):
            return self.response
        if len(likelihoods) != len(self.options) or any(map(math.isnan, likelihoods)):
            return self.response
        return self.options[likelihoods.index(max(likelihoods))]

    @property
    def correct(self) -> str:
        """The option that the target numbers, or else the target as it was logged."""
        numbered = {str(index): option for index, option in enumerate(self.options)}
        return numbered.get(self.target, self.target)


def read_samples(path: Path) -> Iterator[tuple[int, Sample]]:
    """Yield each line's number and sample.

    Raises:
        DataError: A line is no sample, or lacks a metric that it lists; names file and line.
    """
    number = None
    for number, value in read_json_lines(path):
        try:
            sample = Sample.model_validate(value)
        except ValidationError as error:
            raise DataError(f"{path}:{number}: not a sample of lm-evaluation-harness: {explain(error)}") from error
        if "arg_0" not in sample.arguments.get("gen_args_0", {}):
            raise DataError(f"{path}:{number}: arguments: no arg_0 in gen_args_0, so the prompt is not known")
        if missing := [name for name in sample.metrics if name not in (sample.model_extra or {})]:
            raise DataError(f"{path}:{number}: the metric {missing[0]!r} is listed, but has no value")
        yield number, sample
    if number is None:
        raise DataError(f"{path}: holds no samples")


def _shown(value: Any) -> str:
    """A text as it is, the only text of a list, or else JSON."""
    while isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
