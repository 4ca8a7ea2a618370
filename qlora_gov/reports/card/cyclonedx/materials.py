"""What an adapter was made from, as components of a bill of materials: the base, the datasets, and files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from qlora_gov.records import Absent
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.lineage import BasePart, DataPart, FileLine, SourceLine
from qlora_gov.reports.card.cyclonedx.parts import Known, component, hashes, licences, properties, setting_pairs
from qlora_gov.reports.rendering.project_files import files_named


def base_component(base: BasePart, known: Known) -> dict[str, Any]:
    """The base model with its files."""
    hub_id = known("base.hub_id", base.hub_id)
    licence = known("base.licence", base.licence)
    return component(
        "machine-learning-model",
        "base",
        base.reference,
        version=known("base.revision", base.revision),
        licenses=[] if licence is None else licences(licence),
        externalReferences=[{"type": "distribution", "url": f"https://huggingface.co/{quote(hub_id)}"}]
        if hub_id
        else [],
        modelCard={"modelParameters": {"modelArchitecture": base.architecture}},
        components=file_components("base", base.files),
        properties=properties([("record", base.id), ("source", base.source)]),
    )


def file_components(owner: str, files: Sequence[FileLine]) -> list[dict[str, Any]]:
    """A component for each file, under the reference of what it belongs to."""
    return [component("file", f"{owner}/{file.name}", file.name, hashes=hashes(file.digest)) for file in files]


def dataset_components(context: CardContext, known: Known) -> Iterator[dict[str, Any]]:
    """The training set, where it is known, and the evaluation set."""
    training = known("training set", context.training_data)
    for name, data in (("training set", training), ("evaluation set", context.evaluation_data)):
        if data is not None:
            yield _dataset(name, data, context.about.title, known)


def _dataset(name: str, data: DataPart, title: str, known: Known) -> dict[str, Any]:
    mix = [(f"mix:{line.name}:{share.value}", str(share.rows)) for line in data.mix for share in line.shares]
    known(f"{name}.governance", Absent(absent="the records name no owner, custodian or steward"))
    return component(
        "data",
        name,
        f"{title}: {name}",
        version=data.id,
        hashes=hashes(data.digest),
        components=[_source(f"{name}/source {number}", one, known) for number, one in enumerate(data.sources, 1)],
        data=[{"type": "dataset", "name": name, "contents": {"properties": properties(mix)}}],
        properties=properties(_curation(data)),
    )


def _source(ref: str, source: SourceLine, known: Known) -> dict[str, Any]:
    digests = list(files_named(source.component.settings).values())
    licence = known(f"{ref}.licence", source.licence)
    return component(
        "data",
        ref,
        source.component.name,
        version=source.component.version,
        hashes=hashes(*digests) if len(digests) == 1 else [],  # of two files, neither has the source's digest
        licenses=[] if licence is None else licences(licence),
        properties=properties([("rows", str(source.rows)), *setting_pairs("setting", source.component)]),
    )


def _curation(data: DataPart) -> Iterator[tuple[str, str]]:
    yield "hash_of", "the columns of the rows"
    yield "rows", str(data.rows)
    yield "groups", str(data.groups)
    if data.pairs:
        yield "pairs", str(data.pairs)
    for number, step in enumerate(data.steps, 1):
        dropped = ", ".join(f"{reason}: {step.dropped[reason]}" for reason in sorted(step.dropped)) or "none"
        done = f"{step.action}; rows in: {step.rows_in}; dropped: {dropped}; changed: {step.changed}"
        yield f"curation:{number}:{step.component.name}", done
