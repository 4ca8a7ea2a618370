"""Progress that nobody sees, for what is measured."""

from __future__ import annotations


class Silent:
    """Shows nothing."""

    def begin(self, label: str, total: int) -> None:
        """A piece of work begins."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done."""

    def tell(self, line: str) -> None:
        """A line for people."""
