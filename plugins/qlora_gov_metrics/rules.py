"""The rules that an answer must obey: a YAML file of regular expressions, read and validated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError, field_validator

from qlora_gov import Example, ProjectError, Settings

# Blanks of any kind, and hyphens, dashes and minus signs: what an account number may be grouped with.
SEPARATORS = re.compile(r"[\s\u2010-\u2015\u2212-]+")


def _compile(pattern: Any) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ValueError(f"not a regular expression: {error}") from error


class Rule(Settings):
    """One rule: what the pattern must or must not do, and the intents it applies to, or else every row."""

    id: str = Field(min_length=1)
    says: str = Field(min_length=1, description="the rule in words, for people")
    kind: Literal["must_match", "must_not_match", "must_not_repeat"]
    pattern: Annotated[re.Pattern[str], BeforeValidator(_compile)]
    intents: tuple[str, ...] | None = Field(default=None, min_length=1)

    def applies_to(self, example: Example) -> bool:
        """Whether the rule binds the answer to this example."""
        return self.intents is None or example.intent in self.intents

    def is_broken_by(self, response: str, example: Example) -> bool:
        """Whether the answer breaks the rule, supposing that it applies."""
        if self.kind == "must_match":
            return self.pattern.search(response) is None
        if self.kind == "must_not_match":
            return self.pattern.search(response) is not None
        answer = _squeeze(response)
        return any(said in answer for said in self._said_by_user(example))

    def _said_by_user(self, example: Example) -> set[str]:
        texts = (message.content for message in example.prompt if message.role == "user")
        return {_squeeze(match.group()) for text in texts for match in self.pattern.finditer(text)} - {""}


class RuleBook(Settings):
    """A whole file of rules."""

    rules: tuple[Rule, ...] = Field(min_length=1)

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        for name, count in Counter(rule.id for rule in rules).items():
            if count > 1:
                raise ValueError(f"{count} rules have the id {name!r}; give each its own")
        return rules


def load_rules(path: Path) -> Sequence[Rule]:
    """Read a file of rules. Raises ProjectError that names the file and the rule."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise ProjectError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    try:
        return RuleBook.model_validate(document).rules
    except ValidationError as error:
        raise ProjectError(f"{path}: {_explain(error, document)}") from error


def _explain(error: ValidationError, document: Any) -> str:
    """The first problem in one line, with the rule by its id where it has one."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        known = Rule if len(first["loc"]) > 1 else RuleBook
        message = f"unknown key; known: {', '.join(known.model_fields)}"
    match first["loc"]:
        case ("rules", int(index), *keys):
            rule = document["rules"][index]
            name = repr(rule["id"]) if isinstance(rule, dict) and "id" in rule else f"number {index + 1}"
            return ": ".join([f"rule {name}", *map(str, keys), message])
        case keys:
            return ": ".join([*map(str, keys), message])


def _squeeze(text: str) -> str:
    return SEPARATORS.sub("", text)
