"""The shapes in which people keep conversations, each as turns with a role and a content."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import rfc8785

Fields = dict[str, Any]
"""A row's keys and values; a shape takes out what it makes turns of."""

Name = Literal[
    "messages", "prompt_response", "prompt_completion", "alpaca", "sharegpt", "openai", "preference", "exported"
]
ROLES: Mapping[str, str] = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
}
"""Who speaks in ShareGPT's turns."""


@dataclass(frozen=True)
class Shape:
    """A shape: the keys that a row of it has, its turns, and the rejected answer, where it holds preference pairs.

    Raises ValueError for a row that is not of it.
    """

    keys: tuple[str, ...]
    turns: Callable[[Fields], list[Any]]
    rejected: Callable[[Fields], Any] | None = None

    def said(self, fields: Fields) -> Said:
        """Take out of a row what was said in it."""
        rejected = self.rejected(fields) if self.rejected else None
        return Said(self.turns(fields), rejected)


class Said(NamedTuple):
    """The turns of a row, and of a preference pair the answer that was rejected in favour of the last one."""

    turns: list[Any]
    rejected: Any


def said_in(fields: Fields, shape: Name | None) -> Said:
    """What was said in a row of the shape that is named; where none is, of ``messages`` or of ``prompt_response``.

    Raises ValueError for a row of another shape, which it names where it knows it.
    """
    if shape is not None:
        missing = [key for key in SHAPES[shape].keys if key not in fields]
        if missing:
            raise ValueError(f"no {missing[0]!r}; a row of the shape {shape} has {_all(SHAPES[shape].keys)}")
        return SHAPES[shape].said(fields)
    if all(key in fields for key in SHAPES["exported"].keys):
        raise ValueError("this looks like what 'data export' writes; set 'shape: exported' in the source")
    known: Name = "messages" if "messages" in fields else "prompt_response"
    if known == "messages" and _of_openai(fields["messages"]):
        raise ValueError("a turn holds more than 'role' and 'content'; set 'shape: openai' in the source")
    if missing := [key for key in SHAPES[known].keys if key not in fields]:
        raise ValueError(_unknown(fields, missing))
    return SHAPES[known].said(fields)


_SEEN = ("messages", "prompt_response", "openai", "exported")
"""Shapes that need not be named, or that were told before."""


def _unknown(fields: Fields, missing: list[str]) -> str:
    for name, shape in SHAPES.items():
        if name not in _SEEN and all(key in fields for key in shape.keys):
            return f"this looks like {name} ({_all(shape.keys)}); set 'shape: {name}' in the source"
    if len(missing) == 2:
        return "no 'messages', and no 'prompt' with 'response'"
    return f"no {missing[0]!r}; a row without 'messages' needs 'prompt' and 'response'"


def _all(keys: tuple[str, ...]) -> str:
    *first, last = map(repr, keys)
    return f"{', '.join(first)} and {last}" if first else last


def _messages(fields: Fields) -> list[Any]:
    turns = fields.pop("messages")
    if not isinstance(turns, list) or not turns:
        raise ValueError("'messages' must be a list of one turn or more")
    return [{k: v for k, v in turn.items() if v is not None} if isinstance(turn, Mapping) else turn for turn in turns]


def _pair(answer: str) -> Callable[[Fields], list[Any]]:
    """What was asked, under ``prompt``, and the answer: texts, or lists of turns."""

    def turns(fields: Fields) -> list[Any]:
        asked, answered = fields.pop("prompt"), fields.pop(answer)
        return [*_said("user", asked), *_said("assistant", answered)]

    return turns


def _said(role: str, content: Any) -> list[Any]:
    return content if isinstance(content, list) else [{"role": role, "content": content}]


def _preference(fields: Fields) -> list[Any]:
    """What was asked, and the chosen answer: texts, or lists of turns, which may begin with what was asked."""
    chosen = _said("assistant", fields.pop("chosen"))
    asked = _said("user", fields.pop("prompt")) if "prompt" in fields else chosen[:-1]
    return [*asked, *chosen[-1:]]


def _not_preferred(fields: Fields) -> Any:
    """The rejected answer of a preference pair. Raises ValueError where the two differ in more than their last turn."""
    chosen, rejected = (_said("assistant", answer) for answer in (fields["chosen"], fields.pop("rejected")))
    asked = _said("user", fields["prompt"]) if "prompt" in fields else chosen[:-1]
    if not asked:
        raise ValueError("no 'prompt', and no turn in 'chosen' before the answer")
    for key, answer in (("chosen", chosen), ("rejected", rejected)):
        if answer[:-1] not in ([], asked):
            raise ValueError(f"{key!r} goes on from other turns than were asked; only its last turn may differ")
    last = rejected[-1] if rejected else None
    if not isinstance(last, Mapping) or last.get("role") != "assistant" or not isinstance(last.get("content"), str):
        raise ValueError("'rejected' is no text, and no list of turns that ends in the assistant's")
    if chosen[-1:] == [last]:
        raise ValueError("'chosen' and 'rejected' are the same answer")
    return last["content"]


def _alpaca(fields: Fields) -> list[Any]:
    """An instruction, with an input below it where there is one, and the output; earlier rounds are ``history``."""
    history = fields.pop("history", [])
    if not isinstance(history, list) or not all(isinstance(one, list) and len(one) == 2 for one in history):
        raise ValueError("'history' must be a list of pairs, what was asked and what was answered")
    asked = [text for key in ("instruction", "input") if (text := fields.pop(key, None)) not in (None, "")]
    if not all(isinstance(text, str) for text in asked):
        raise ValueError("'instruction' and 'input' must be texts")
    system = [{"role": "system", "content": fields.pop("system")}] if fields.get("system") else []
    rounds = [turn for question, answer in history for turn in (*_said("user", question), *_said("assistant", answer))]
    return [*system, *rounds, *_said("user", "\n\n".join(asked)), *_said("assistant", fields.pop("output"))]


def _sharegpt(fields: Fields) -> list[Any]:
    turns = fields.pop("conversations")
    if not isinstance(turns, list) or not turns:
        raise ValueError("'conversations' must be a list of one turn or more")
    system = [{"role": "system", "content": fields.pop("system")}] if fields.get("system") else []
    return [*system, *(_from_sharegpt(place, turn) for place, turn in enumerate(turns))]


def _from_sharegpt(place: int, turn: Any) -> dict[str, Any]:
    if not isinstance(turn, Mapping) or not {"from", "value"} <= turn.keys():
        raise ValueError(f"conversations.{place}: not an object with 'from' and 'value'")
    if turn["from"] not in ROLES:
        raise ValueError(f"conversations.{place}: nobody is known as {turn['from']!r}; known: {', '.join(ROLES)}")
    return {"role": ROLES[turn["from"]], "content": turn["value"]}


_ONLY_OPENAI = ("name", "weight", "tool_calls", "function_call", "tool_call_id", "refusal")


def _of_openai(turns: Any) -> bool:
    """Whether turns have what only OpenAI's fine-tuning files have."""
    given = [turn for turn in turns if isinstance(turn, Mapping)] if isinstance(turns, list) else []
    return any(isinstance(turn.get("content"), list) or any(turn.get(key) for key in _ONLY_OPENAI) for turn in given)


def _openai(fields: Fields) -> list[Any]:
    """Turns of OpenAI's fine-tuning files: contents in parts of text; names are kept in ``names``, by the turn."""
    for key in ("tools", "functions"):
        if fields.get(key):
            raise ValueError(f"{key!r} is nothing that a row here can hold: what tools a prompt offers is not kept")
    fields.pop("parallel_tool_calls", None)
    turns = _messages(fields)
    if names := {str(place): turn["name"] for place, turn in enumerate(turns) if "name" in turn}:
        fields["names"] = names
    return [_from_openai(f"messages.{place}", turn) for place, turn in enumerate(turns)]


def _from_openai(where: str, turn: Any) -> Any:
    if not isinstance(turn, Mapping):
        return turn
    for key in ("tool_calls", "function_call"):
        if turn.get(key):
            raise ValueError(f"{where}: {key!r}: a turn that calls a tool cannot be kept; leave such rows out")
    if turn.get("weight", 1) != 1:
        raise ValueError(
            f"{where}: weight {turn['weight']!r}: every turn of the assistant is learned from; leave such rows out, or "
            "the turns before"
        )
    known = {"role", "content", *_ONLY_OPENAI}
    content = turn.get("content", turn.get("refusal"))
    kept = {key: value for key, value in turn.items() if key not in known}
    role = "system" if turn.get("role") == "developer" else turn.get("role")
    return {**kept, "role": role, "content": _text(where, content) if isinstance(content, list) else content}


def _text(where: str, parts: list[Any]) -> str:
    """The texts of a content in parts."""
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
        if kind != "text" or not isinstance(part["text"], str):
            raise ValueError(f"{where}: a part of the type {kind!r} is no text; leave such rows out")
    return "".join(part["text"] for part in parts)


def _exported(fields: Fields) -> list[Any]:
    """Turns of a row that ``qlora-gov data export`` wrote, in which all further keys are JSON under ``extra``."""
    for key in ("row", "id", "source"):
        fields.pop(key, None)
    extra = json.loads(fields.pop("extra"))
    if not isinstance(extra, dict):
        raise ValueError("'extra' must be an object, as JSON")
    rfc8785.dumps(extra)  # refuses what no digest covers
    fields.update(extra)
    return _messages(fields)


SHAPES: Mapping[Name, Shape] = {
    "messages": Shape(("messages",), _messages),
    "prompt_response": Shape(("prompt", "response"), _pair("response")),
    "prompt_completion": Shape(("prompt", "completion"), _pair("completion")),
    "alpaca": Shape(("instruction", "output"), _alpaca),
    "sharegpt": Shape(("conversations",), _sharegpt),
    "openai": Shape(("messages",), _openai),
    "preference": Shape(("chosen", "rejected"), _preference, _not_preferred),
    "exported": Shape(("row", "id", "messages", "extra"), _exported, lambda fields: fields.pop("rejected", None)),
}
"""Every shape by its name in a project file."""
