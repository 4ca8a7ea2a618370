"""Tracing: from a number on a card down to the rows and records it came from."""

from qlora_gov.tracing.context import Trace
from qlora_gov.tracing.metric import trace
from qlora_gov.tracing.numbers import StatedNumber, stated_numbers
from qlora_gov.tracing.opening import OpenedCard, open_card

__all__ = ["OpenedCard", "StatedNumber", "Trace", "open_card", "stated_numbers", "trace"]
