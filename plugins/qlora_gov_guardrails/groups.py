"""Numbers in groups, whatever parts them: for kinds whose check digits tell their numbers from others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

GAP = r"[\W_]{1,5}"
"""What may stand between two groups, as a pattern: ``** **`` has five characters."""

_GROUP = re.compile(r"[0-9][A-Za-z0-9]*")
# Not within a word, nor behind a group that ends in a digit and began with a letter: that is an identifier.
_RUN = re.compile(rf"(?<![A-Za-z0-9])(?<![0-9][\W_]){_GROUP.pattern}(?:{GAP}{_GROUP.pattern})+")


@dataclass(frozen=True)
class Row:
    """Groups with one separator between them, and no further group next to them by the same one."""

    start: int
    end: int
    separator: str
    groups: Sequence[str]


def separator_of(gap: str) -> str:
    """A gap without the white space in it; of white space alone, tabs are a separator and the others another.

    So a number may go on in the next line by any separator, while the rows of a table of cells stay apart.
    """
    return "".join(gap.split()) or ("\t" if "\t" in gap else " ")


def rows_of(text: str) -> Iterator[Row]:
    """All rows of a text; each but the first of a run begins with the group that the one before ends with."""
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        separators = (separator_of(text[one.end() : other.start()]) for one, other in pairwise(groups))
        first = 0
        for separator, alike in groupby(separators):
            last = first + len(list(alike))
            members = groups[first : last + 1]
            yield Row(members[0].start(), members[-1].end(), separator, [one.group() for one in members])
            first = last
