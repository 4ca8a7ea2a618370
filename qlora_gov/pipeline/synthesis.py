"""Making a file of synthetic rows: an ordinary source afterwards, for which no endpoint has to answer again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.canonical import bytes_id, canonical_json, content_id
from qlora_gov.errors import DataError, GovError, ModelError, UsageError
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.ledger.parquet import replacing
from qlora_gov.pipeline.datasets import curated, curating
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.project.synthesising import BoundSynthesis, bind_synthesis
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example
from qlora_gov.records.synthesis import SynthesisManifest
from qlora_gov.records.table import examples_of
from qlora_gov.stages.synthesise.asking import Asked
from qlora_gov.stages.synthesise.endpoint import require_synthesis_libraries
from qlora_gov.stages.synthesise.journal import Journal
from qlora_gov.stages.synthesise.making import Making
from qlora_gov.stages.synthesise.prompting import Maker

SEEDS = "seed"
"""The role of rows that prompts are made from."""


@dataclass(frozen=True)
class Prepared:
    """A synthesis before it asks: the seeds, the requests, and the answers that are there."""

    bound: BoundSynthesis
    seeds: DatasetVersion
    making: Making


@dataclass(frozen=True)
class Synthesised:
    """A file of rows, its manifest, and what asking for them came to in this run."""

    path: Path
    manifest: SynthesisManifest
    asked: Asked

    def refuse_gaps(self) -> None:
        """Raise ModelError where requests got no answer, though the budget had room for them."""
        if self.asked.unanswered:
            missing = self.manifest.prompts - self.manifest.answers
            kept = f"{self.path} holds the rows of all others"
            raise ModelError(
                f"{_unanswered(self.asked)}; {missing:,} answers are missing: {kept}; run it again for them"
            )


@contextmanager
def preparing(space: Workspace, name: str) -> Iterator[Prepared]:
    """Curate the seeds of a synthesis and make its prompts, as the one process that does so.

    Raises UsageError where there is no synthesis of the name, or another process is at work on it.
    """
    require_synthesis_libraries()
    import filelock

    bound = bind_synthesis(space.project, name, space.catalog, space.root)
    bound.require()
    if bound.caution is not None:
        space.notice(bound.caution)
    maker = Maker.of(bound.synthesiser.component.name, bound.synthesiser.make())
    path = space.state / "synthesis" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = filelock.FileLock(path.with_suffix(".lock")).acquire(timeout=0)
    except filelock.Timeout as error:
        raise UsageError(f"another process is at work on synthesis {name!r}; wait until it is done") from error
    with lock:
        version, seeds = _seeds(space, name, bound)
        settings = bound.settings
        requests = maker.requests(seeds, space.project.seed, settings.endpoint)
        making = Making(maker, requests, settings.endpoint, settings.budget, Journal(path), space.progress)
        yield Prepared(bound, version, making)


def synthesise(space: Workspace, name: str) -> Synthesised:
    """Ask for the answers that are missing, and write the rows of all of them; what was made is kept, however it ends.

    Raises DataError where no answer holds a row, ModelError where there is no answer, UsageError where the budget has
    no room for one, or the file that would be written is somebody else's.
    """
    with preparing(space, name) as prepared:
        settings, making = prepared.bound.settings, prepared.making
        path = space.root / settings.path
        _refuse_foreign(path)
        asked = making.ask(prepared.bound.key)
        rows, told = making.rows, making.told
        if not rows:
            raise _nothing(asked, told["refused"], name)
        data = b"".join(map(_line, rows))
        manifest = SynthesisManifest(
            rows=len(rows),
            digest=bytes_id(data),
            synthesiser=prepared.bound.synthesiser.component,
            template=making.maker.template,
            seeds=prepared.seeds,
            sample=settings.sample,
            seed=space.project.seed,
            model=settings.endpoint.model,
            parameters=settings.endpoint.parameters,
            **told,
        )
        with replacing(path) as draft:
            draft.write_bytes(data)
        with replacing(_manifest_of(path)) as draft:  # last: where it is that of the rows, both are whole
            draft.write_text(f"{manifest.model_dump_json(indent=2, exclude_defaults=True)}\n", encoding="utf-8")
        return Synthesised(path, manifest, asked)


def _manifest_of(path: Path) -> Path:
    return path.with_suffix(".manifest.json")


def _seeds(space: Workspace, name: str, bound: BoundSynthesis) -> tuple[DatasetVersion, list[Example]]:
    """The rows that prompts are made from, in the order of what they say."""
    held_out = None
    if bound.held_out is not None:
        held_out = Recorder(space).done(curating(space, "evaluation", bound.held_out, None))
    work = space.work(content_id({"synthesis": name}))
    made = curated(space, work, SEEDS, bound.seeds, held_out)
    rows = examples_of(DatasetParquet().read(made.rows))
    shutil.rmtree(work, ignore_errors=True)
    return made.version, _drawn(rows, bound.settings.sample, space.project.seed)


def _drawn(rows: Sequence[Example], sample: int | None, seed: int) -> list[Example]:
    """So many rows at random, in their order; of more rows, most of the same ones are drawn."""
    if sample is None:
        return list(rows)
    keys = [hashlib.sha256(f"{seed}:{row.id}".encode()).digest() for row in rows]
    drawn = sorted(range(len(rows)), key=lambda at: (keys[at], at))[:sample]
    return [rows[at] for at in sorted(drawn)]


def _refuse_foreign(path: Path) -> None:
    if path.exists() and not _manifest_of(path).exists():
        raise UsageError(
            f"{path}: was not made by a synthesis, and would be overwritten; move it, or name another path"
        )


def _line(row: Example) -> bytes:
    said = row.model_dump(mode="json", exclude={"extra", "source"}, exclude_none=True)
    return canonical_json({**row.extra, **said}) + b"\n"


def _nothing(asked: Asked, refused: dict[str, int], name: str) -> GovError:
    """Why there is no row at all."""
    if asked.unanswered:
        return ModelError(f"synthesis {name!r} made no rows: {_unanswered(asked)}")
    if asked.over_budget:
        return UsageError(f"synthesis {name!r} made no rows: its budget has no room for the first request")
    told = ", ".join(f"{times:,} times {reason}" for reason, times in refused.items())
    return DataError(f"synthesis {name!r} made no rows: {told or 'its seeds made no prompt'}")


def _unanswered(asked: Asked) -> str:
    told = ", ".join(f"{times:,} for {reason}" for reason, times in sorted(asked.unanswered.items()))
    return f"requests were not answered: {told}; at last: {asked.said}"
