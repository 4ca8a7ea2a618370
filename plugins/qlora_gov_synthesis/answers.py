"""What a model answers that was asked for a JSON object."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from qlora_gov import DataError

M = TypeVar("M", bound=BaseModel)


def read_object(answer: str, model: type[M]) -> M:
    """The object that an answer is, and nothing besides: no fence, no word before or after it.

    Raises:
        DataError: It is another thing; the lines are few, so that they can be counted.
    """
    try:
        return model.model_validate_json(answer)
    except ValidationError as error:
        no_json = error.errors(include_url=False)[0]["type"] == "json_invalid"
        raise DataError("not JSON" if no_json else "not the object that was asked for") from error
