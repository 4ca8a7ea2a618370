from __future__ import annotations

import pytest

from qlora_gov.records import Inputs
from qlora_gov.records.inputs import same_inputs

PLAIN, OTHER = Inputs(digest="sha256:1"), Inputs(digest="sha256:2")
TOLD, LATER = (Inputs(digest="sha256:1", today=day) for day in ("2024-07-26", "2026-01-01"))
SHIELDED = Inputs(digest="sha256:1", shielded=2)
BEYOND = Inputs(digest="sha256:1", beyond=2)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, None, True),
        (None, PLAIN, True),
        (None, BEYOND, True),
        (None, TOLD, False),
        (None, SHIELDED, False),
        (PLAIN, PLAIN, True),
        (PLAIN, OTHER, False),
    ],
)
def test_differing_inputs_of_one_base_are_never_the_same(one: Inputs | None, other: Inputs | None, same: bool) -> None:
    assert same_inputs(one, other, base=True) is same
    assert same_inputs(other, one, base=True) is same


def test_other_bases_have_templates_of_their_own_which_are_told_the_same_day() -> None:
    assert same_inputs(PLAIN, OTHER, base=False)
    assert same_inputs(PLAIN, TOLD, base=False)
    assert not same_inputs(TOLD, LATER, base=False)
    assert not same_inputs(None, TOLD, base=False)
