"""Synthesisers: rows that a model makes from others, by way of an endpoint that the project names."""

from qlora_gov import SynthesiserSpec, hookimpl
from qlora_gov_synthesis.paraphrase import Paraphrase, ParaphraseSettings
from qlora_gov_synthesis.self_instruct import SelfInstruct, SelfInstructSettings

NEEDS = ("filelock", "openai")


@hookimpl
def qlora_gov_synthesisers() -> list[SynthesiserSpec]:
    """Contribute ``paraphrase`` and ``self_instruct``."""
    return [
        SynthesiserSpec(
            name="paraphrase",
            summary="asks what a row's user asks in other words, and keeps the answer",
            factory=Paraphrase,
            config=ParaphraseSettings,
            requires=NEEDS,
            extra="synthesis",
        ),
        SynthesiserSpec(
            name="self_instruct",
            summary="shows some rows drawn at random, and asks for new questions with their answers",
            factory=SelfInstruct,
            config=SelfInstructSettings,
            requires=NEEDS,
            extra="synthesis",
        ),
    ]
