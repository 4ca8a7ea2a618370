from __future__ import annotations

import pytest

from qlora_gov import Message
from qlora_gov_data.texts import dialogue, normalised


@pytest.mark.parametrize("text", ["Grüße, Élise", "  grüsse,\n\tÉLISE ", "GRÜSSE,\u00a0E\u0301LISE"])
def test_case_space_and_composition_make_no_difference(text: str) -> None:
    assert normalised(text) == "grüsse, élise"


def test_a_dialogue_leaves_out_instructions_and_tools() -> None:
    roles = ("system", "user", "tool", "assistant")
    assert dialogue(Message(role=role, content=role) for role in roles) == "user\nassistant"
