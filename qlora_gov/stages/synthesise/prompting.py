"""From seed rows to requests, each known by the digest of what is asked, and from their answers to labelled rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from qlora_gov.canonical import bytes_id, content_id
from qlora_gov.errors import DataError, PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.rows import checked
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import Drop, Prompt, Synthesiser
from qlora_gov.records.example import Example, Message
from qlora_gov.records.synthesis import LABEL, Endpoint, SyntheticLabel
from qlora_gov.stages.synthesise.journal import Completion
from qlora_gov.text import one_line

ENDED = {"length": "cut off at the limit of tokens", "content_filter": "withheld by the endpoint's filter"}
SILENT = "no text"
EMPTY = "no row in it"
BLANK = "the assistant says nothing in it"
UNFIT = "no row that can be recorded"


@dataclass(frozen=True)
class Request:
    """A prompt, the ids of its parents, and the digest of what is asked, which is that of the answer, too."""

    key: str
    prompt: Prompt
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Maker:
    """A synthesiser at work, under its name, with the text by which it makes prompts."""

    name: str
    synthesiser: Synthesiser
    template: str

    @classmethod
    def of(cls, name: str, synthesiser: Synthesiser) -> Maker:
        """Ask a synthesiser for its template. Raises PluginError where it has none."""
        try:
            with plugin_code(name):
                template = synthesiser.template()
        except ForeignError as error:
            raise PluginError(f"{name} raised {error}") from error
        if not isinstance(template, str) or not template.strip():
            raise PluginError(f"{name} gave {one_line(repr(template))} as its template, not a text")
        return cls(name, synthesiser, template)

    def requests(self, seeds: Sequence[Example], seed: int, endpoint: Endpoint) -> list[Request]:
        """What to ask, in the synthesiser's order; the same prompt again is another request.

        Raises PluginError where the synthesiser fails, changes a seed, or makes what is no prompt of these seeds.
        """
        sealed = Sealed(seeds)
        lent = sealed.copies()
        try:
            with plugin_code(self.name):
                prompts = list(self.synthesiser.prompts(tuple(lent), Random(seed)))  # noqa: S311 - nothing is secret
        except ForeignError as error:
            raise PluginError(f"{self.name} raised {error}") from error
        if (at := sealed.changed(lent)) is not None:
            raise PluginError(f"{self.name} changed a row in place, first {seeds[at].source}; return a changed copy")
        known = {seed.id for seed in seeds}
        times: Counter[str] = Counter()
        return [self._request(prompt, known, times, endpoint) for prompt in prompts]

    def _request(self, prompt: Prompt, known: set[str], times: Counter[str], endpoint: Endpoint) -> Request:
        if not isinstance(prompt, Prompt) or not (_all(prompt.messages, Message) and _all(prompt.parents, Example)):
            raise PluginError(f"{self.name} made {one_line(repr(prompt))}, not a Prompt with messages and parents")
        parents = tuple(dict.fromkeys(parent.id for parent in prompt.parents))
        if not known.issuperset(parents):
            raise PluginError(f"{self.name} made a prompt of a row that is none of its seeds")
        asked = {
            "model": endpoint.model,
            "parameters": dict(endpoint.parameters),
            "messages": [message.model_dump() for message in prompt.messages],
        }
        try:
            once = content_id(asked)
        except ValueError as error:
            raise PluginError(f"{self.name} made a prompt that cannot be sent: {error}") from error
        times[once] += 1
        key = once if times[once] == 1 else content_id({**asked, "time": times[once]})
        return Request(key, prompt, parents)

    def rows(self, request: Request, completion: Completion) -> tuple[list[Example], Counter[str]]:
        """The labelled rows of an answer, and why what else is in it is none: reason to how often.

        Raises PluginError where the synthesiser fails.
        """
        if (why := ENDED.get(completion.finish or "")) is not None:
            return [], Counter([why])
        if not (completion.text or "").strip():
            return [], Counter([SILENT])
        try:
            with plugin_code(self.name):
                results = list(self.synthesiser.rows(request.prompt, str(completion.text)))
        except DataError as error:
            return [], Counter([error.lines[0]])
        except ForeignError as error:
            raise PluginError(f"{self.name} raised {error}") from error
        label = SyntheticLabel(
            model=completion.model,
            template=bytes_id(self.template.encode()),
            date=completion.date,
            parents=request.parents,
        )
        made = [self._row(result, label) for result in results]
        refused = Counter(one for one in made if isinstance(one, str))
        return [one for one in made if isinstance(one, Example)], refused if made else Counter([EMPTY])

    def _row(self, result: Example | Drop, label: SyntheticLabel) -> Example | str:
        """A row with its label, or why it is none."""
        if isinstance(result, Drop):
            return one_line(str(result.reason))
        try:
            row = checked(result, self.name, "made")
        except DataError:
            return UNFIT
        if not row.reference.strip():
            return BLANK
        extra = {**row.extra, LABEL: label.model_dump(mode="json")}
        return row.model_copy(update={"provenance": "synthetic", "group": row.group or row.id, "extra": extra})


def _all(items: Sequence[object], kind: type) -> bool:
    """Whether there are any, and each is of a kind."""
    return len(items) > 0 and all(isinstance(item, kind) for item in items)
