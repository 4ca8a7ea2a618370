"""Each stage as a step: what determines its record, and how the record is made from the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from qlora_gov.assembly import Assembly, BoundDataset, BoundPolicy
from qlora_gov.canonical import columns_id, content_id
from qlora_gov.environment import environment
from qlora_gov.errors import IntegrityError
from qlora_gov.examples import Example
from qlora_gov.hooks.catalog import Bound
from qlora_gov.ledger import Entry, Ledger, read_parquet, write_parquet
from qlora_gov.lookup import examples_behind, exploratory, fetch, held, looks, responses_of, side, stated
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.models.subject import Subject
from qlora_gov.records import Adapter, Card, Component, DatasetVersion, Decision, Evaluation, Policy, Record, Responses
from qlora_gov.specs import ImportedEvaluation, TrainerSpec
from qlora_gov.stages.adopt import LoggedExamples, adopt
from qlora_gov.stages.curate import HeldOut, UsedSource, curate
from qlora_gov.stages.evaluate import evaluate, evaluated_rows
from qlora_gov.stages.gate import Contest, decide
from qlora_gov.stages.respond import Spool, respond
from qlora_gov.stages.train import is_whole, train
from qlora_gov.tables import Table, examples_of, examples_table
from qlora_gov.workspace import Workspace

R = TypeVar("R", bound=Record)
Made = tuple[R, Mapping[str, Table]]


@dataclass(frozen=True)
class Step(Generic[R]):
    """A stage ready to run.

    ``parts`` is all that determines the record, of kind ``of``; ``made`` says of such a record whether it comes from
    just these, by what it says itself. ``make`` is given a directory that survives a kill and is removed once the
    record is in the ledger; ``usable`` says whether the artefacts of a record found there are at hand. ``counts`` says
    that the record counts those of its kind before it, so that none may come between. Whoever changes what a step
    makes of the same parts raises ``revision``.
    """

    name: str
    of: type[R]
    parts: Mapping[str, Any]
    made: Callable[[R], bool]
    make: Callable[[Path], Made[R]]
    usable: Callable[[R], bool] = lambda record: True
    counts: bool = False
    revision: int = 1

    @property
    def key(self) -> str:
        """The digest of what determines the record."""
        return content_id({"stage": self.name, "revision": self.revision, **self.parts})

    def find(self, ledger: Ledger) -> Entry | None:
        """The newest entry of what the step makes.

        The first revision of each step was released with keys that held versions, so that what it made then is found
        by what the record says.
        """
        found = ledger.find(self.key)
        if found is not None or self.revision > 1:
            return found
        return next(
            (entry for entry in reversed(ledger.entries(self.of.kind)) if self.made(held(entry, self.of))), None
        )


def stating(record: R) -> Step[R]:
    """A record that is all there is to it: nothing has to be made."""
    digest = record.content_digest

    def made(other: R) -> bool:
        return other.content_digest == digest

    return Step(record.kind, type(record), {"record": digest}, made, lambda work: (record, {}))


def showing(card: Card) -> Step[Card]:
    """A rendered card. Where other templates or other code gave the same bytes before, it is that card."""

    def made(other: Card) -> bool:
        return (other.decision, other.about, other.files) == (card.decision, card.about, card.files)

    parts = {"decision": card.decision, "about": card.about, "files": dict(card.files)}
    return Step(card.kind, Card, parts, made, lambda work: (card, {}))


def curating(space: Workspace, role: str, data: BoundDataset, held_out: DatasetVersion | None) -> Step[DatasetVersion]:
    """Curate one dataset; an evaluation set's rows go into the ledger, since every number opens to them."""

    def make(work: Path) -> Made[DatasetVersion]:
        kept_clear = HeldOut(held_out.id, examples(space, held_out)) if held_out else None
        return _kept(space, *curate(role, data.used_sources(), data.used_steps(), kept_clear, space.progress))

    clear_of = held_out.id if held_out else None

    def made(version: DatasetVersion) -> bool:
        return (version.role, version.held_out) == (role, clear_of) and data.made(version)

    parts = {"role": role, "data": data.key, "held_out": clear_of}
    return Step("curate", DatasetVersion, parts, made, make, lambda version: space.dataset(version.digest).is_file())


def adopting_rows(space: Workspace, imported: ImportedEvaluation, importer: Component) -> Step[DatasetVersion]:
    """Freeze the rows of another tool's log as an evaluation set; logs of the same prompts give the same one."""
    digest = columns_id(examples_table([row.example for row in imported.rows]))

    def make(work: Path) -> Made[DatasetVersion]:
        source = UsedSource(LoggedExamples(imported), importer, None)
        return _kept(space, *curate("evaluation", [source], [], None, space.progress))

    def made(version: DatasetVersion) -> bool:
        importers = [source.component.identity for source in version.sources]
        return (version.role, version.digest, importers) == ("evaluation", digest, [importer.identity])

    parts = {"rows": digest, "importer": importer.identity}
    return Step("adopt rows", DatasetVersion, parts, made, make, lambda kept: space.dataset(kept.digest).is_file())


def _kept(space: Workspace, version: DatasetVersion, rows: list[Example]) -> Made[DatasetVersion]:
    """Write the rows of a dataset version to its file."""
    table = examples_table(rows)
    path = space.dataset(version.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(path, table)
    (path.parent / "manifest.json").write_text(version.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return version, {"examples": table} if version.role == "evaluation" else {}


def examples(space: Workspace, version: DatasetVersion) -> list[Example]:
    """The rows of a dataset version. Raises IntegrityError where its file holds others."""
    path = space.dataset(version.digest)
    table = read_parquet(path)
    if columns_id(table) != version.digest:
        raise IntegrityError(f"{path}: not the rows of dataset {version.id}; delete the file to have it made again")
    return examples_of(table)


def weights(space: Workspace, adapter: Adapter) -> Path:
    """The directory of an adapter's files. Raises IntegrityError where they are not those on record."""
    path = space.adapter(adapter.digest)
    if not is_whole(path, adapter):
        raise IntegrityError(f"{path} does not hold the files of adapter {adapter.id}")
    return path


def training(
    space: Workspace, trainer: Bound[TrainerSpec], base: ResolvedBase, dataset: DatasetVersion
) -> Step[Adapter]:
    """Train the adapter."""
    seed = space.project.seed

    def make(work: Path) -> Made[Adapter]:
        adapter = train(
            trainer.make(),
            trainer.component,
            base.record,
            base.path,
            dataset,
            examples(space, dataset),
            seed=seed,
            work=work,
            keep=space.adapter,
            environment=environment(space.root, device()),
            progress=space.progress,
        )
        return adapter, {}

    recipe = trainer.component.identity

    def made(adapter: Adapter) -> bool:
        trained = adapter.training
        if trained is None or (adapter.base, adapter.dataset) != (base.record.id, dataset.id):
            return False
        return (trained.recipe.identity, trained.seed) == (recipe, seed)

    def usable(adapter: Adapter) -> bool:
        return is_whole(space.adapter(adapter.digest), adapter)

    parts = {"base": base.record.id, "dataset": dataset.id, "recipe": recipe, "seed": seed}
    return Step("train", Adapter, parts, made, make, usable)


def responding(
    space: Workspace, assembly: Assembly, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion
) -> Step[Responses]:
    """Let a subject answer the evaluation set."""
    likelihoods = any("loglikelihood" in bound.spec.needs for _, bound in assembly.instruments.metrics)
    quantization, generation = space.project.base.quantization, space.project.evaluation.generation

    def make(work: Path) -> Made[Responses]:
        path = weights(space, adapter) if adapter else None  # a champion's were written long ago
        return respond(
            Subject.load(base.path, path, quantization=quantization),
            base.record,
            adapter,
            dataset,
            examples(space, dataset),
            quantization=quantization,
            generation=generation,
            likelihoods=likelihoods,
            spool=Spool(work / "responses.jsonl"),
            environment=environment(space.root, device()),
            progress=space.progress,
        )

    subject, settings = adapter.id if adapter else None, (quantization, generation, likelihoods)

    def made(other: Responses) -> bool:
        answered = (other.quantization, other.generation, other.likelihoods is not None)
        return (other.base, other.adapter, other.dataset, answered) == (base.record.id, subject, dataset.id, settings)

    parts = {
        "base": base.record.id,
        "adapter": subject,
        "dataset": dataset.id,
        "quantization": quantization,
        "generation": generation.model_dump(mode="json", exclude_defaults=True),
        "likelihoods": likelihoods,
    }
    return Step("respond", Responses, parts, made, make)


def adopting(
    space: Workspace,
    imported: ImportedEvaluation,
    importer: Component,
    dataset: DatasetVersion,
    adapter: Adapter | None,
) -> Step[Responses]:
    """Take over the answers of another tool's log."""
    record, tables = adopt(imported, importer, dataset, adapter)
    said = _said(record)
    return Step("adopt", Responses, said, lambda other: _said(other) == said, lambda work: (record, tables))


def _said(responses: Responses) -> dict[str, Any]:
    """What imported answers say, whichever version of the importer read them."""
    content = responses.content()
    if responses.claim is not None:
        content["claim"]["importer"] = responses.claim.importer.identity
    return content


def evaluating(space: Workspace, assembly: Assembly, responses: Responses, dataset: DatasetVersion) -> Step[Evaluation]:
    """Score what a subject said."""

    def make(work: Path) -> Made[Evaluation]:
        entry = space.ledger.get(responses.id)
        likelihoods = space.ledger.table(entry, "likelihoods") if responses.likelihoods else None
        recorded = space.ledger.table(entry, "recorded") if responses.recorded else None
        answers = space.ledger.table(entry, "responses")
        rows = evaluated_rows(examples(space, dataset), answers, likelihoods, recorded)
        measures = [measure for measure in assembly.instruments.measures if measure.metric is not None]
        return evaluate(responses, rows, measures, assembly.detectors(), space.progress)

    def made(evaluation: Evaluation) -> bool:
        return evaluation.responses == responses.id and assembly.instruments.made(evaluation)

    parts = {"responses": responses.id, "instruments": assembly.instruments.key}
    return Step("evaluate", Evaluation, parts, made, make)


@dataclass(frozen=True)
class Opponents:
    """Whom a candidate is compared with: the champion, and the pinned reference where the policy names one."""

    champion: Evaluation
    reference: Evaluation | None = None

    @property
    def by_name(self) -> dict[str, Evaluation]:
        """Each by what rules call it."""
        return {"champion": self.champion} | ({"reference": self.reference} if self.reference else {})


def contest(
    space: Workspace, assembly: Assembly, candidate: Evaluation, opponents: Opponents, look: int | None = None
) -> Contest:
    """The evaluations of both sides with readers of their rows; by default the next look at these rows."""
    ledger = space.ledger
    answered = responses_of(ledger, candidate)
    return Contest(
        side(ledger, candidate),
        {name: side(ledger, evaluation) for name, evaluation in opponents.by_name.items()},
        examples_behind(ledger, answered),
        assembly.instruments.measures,
        1 + looks(ledger, answered.dataset) if look is None else look,
    )


def deciding(
    space: Workspace, assembly: Assembly, rules: BoundPolicy, candidate: Evaluation, opponents: Opponents
) -> Step[Decision]:
    """Judge the candidate under a policy that is on record."""
    terms, sides = rules.policy.terms, {name: evaluation.id for name, evaluation in opponents.by_name.items()}

    def make(work: Path) -> Made[Decision]:
        answered = responses_of(space.ledger, candidate)
        assert answered.adapter is not None, "a candidate is an adapter"
        decision = decide(
            rules.policy,
            rules.make(),
            contest(space, assembly, candidate, opponents),
            stated=stated(space.ledger, rules.policy).id,
            adapter=answered.adapter,
            exploratory=exploratory(space.ledger, answered, rules.policy),
        )
        return decision, {}

    def made(decision: Decision) -> bool:
        against = {"champion": decision.champion} | ({"reference": decision.reference} if decision.reference else {})
        judged = (decision.candidate, against) == (candidate.id, sides)
        return judged and fetch(space.ledger, decision.policy, Policy).terms == terms

    parts = {"policy": terms, "candidate": candidate.id, **sides}
    return Step("gate", Decision, parts, made, make, counts=True)
