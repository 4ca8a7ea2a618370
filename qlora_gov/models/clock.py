"""The day that chat templates are told: always the same one, so that they write tomorrow what they write today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from string import ascii_letters
from typing import Any

from qlora_gov.records.inputs import TODAY

CALL = "strftime_now"
"""The function by which a template asks for the time; it has no other way to learn it."""

_ANOTHER = datetime(2031, 11, 5, 17, 45, 30)
"""Differs from most days in all that a template can ask for: year, month, weekday, the half of the day."""

# What is given to templates is plain data, no function: so the function is written in the template's own language.
# The line's end is eaten with the tag before it, and what follows starts a line as it did.
_MACRO = (
    "{%- macro " + CALL + "(format) %}{% set told = namespace(text=format) %}"
    "{% for directive, text in qlora_gov_clock %}{% set told.text = told.text | replace(directive, text) %}{% endfor %}"
    "{{ told.text }}{% endmacro %}\n"
)
_PERCENT = "\ufdd0"


@dataclass(frozen=True)
class Clock:
    """A clock that stands still."""

    time: datetime

    @classmethod
    def at(cls, day: date) -> Clock:
        """One that shows midnight of a day."""
        return cls(datetime(day.year, day.month, day.day))

    @property
    def another(self) -> Clock:
        """One that shows another time, whatever is asked."""
        return Clock(_ANOTHER if self.time.year != _ANOTHER.year else _ANOTHER.replace(year=2035, month=2, day=10))

    def told(self, template: str) -> Mapping[str, Any]:
        """The arguments by which ``apply_chat_template`` tells this time; none for a template that asks for none."""
        if CALL not in template:
            return {}
        directives = [f"%{flag}{letter}" for flag in ("-", "") for letter in ascii_letters]
        pairs = [(directive, self.time.strftime(directive)) for directive in directives]
        return {
            "chat_template": _MACRO + template,
            "qlora_gov_clock": [("%%", _PERCENT), *pairs, (_PERCENT, "%")],
        }


CLOCK = Clock.at(TODAY)
