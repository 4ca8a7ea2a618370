"""A dataset version in Croissant 1.1, with its provenance in PROV-O and what Croissant RAI 1.0 has words for.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Plain JSON, since the library that reads it is heavy;
the tests validate it with that. It is made without a clock: the same version gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from qlora_gov.canonical import short_id
from qlora_gov.records import Absent, StepReport
from qlora_gov.reports.card.context.lineage import SourceLine
from qlora_gov.reports.dataset.columns import CONTEXT, record_sets
from qlora_gov.reports.dataset.description import DataDescription
from qlora_gov.reports.dataset.manifest import ExportedFile
from qlora_gov.reports.rendering.figures import number, setting_lines
from qlora_gov.reports.rendering.project_files import files_named

Node = dict[str, Any]

_READING = "reading"
_MIX = "mix"


def croissant_json(description: DataDescription, files: Mapping[str, ExportedFile]) -> str:
    """The text of the file. Characters that are not ASCII are escaped, so that none of them can hide."""
    return json.dumps(croissant_of(description, files), indent=2, allow_nan=False) + "\n"


def croissant_of(description: DataDescription, files: Mapping[str, ExportedFile]) -> Node:
    """The metadata of a version that lies in some Parquet files, as JSON values."""
    data = description.data
    steps = [_told(step) for step in data.steps]
    title = f"{description.project}: {description.role} data"
    provenances = next((line.shares for line in data.mix if line.name == "provenance"), ())
    kinds = ", ".join(f"{number(share.rows)} {share.value}" for share in provenances)
    return {
        "@context": dict(CONTEXT),
        "@type": "sc:Dataset",
        "name": title,
        "description": f"{number(data.rows)} conversations in {number(data.groups)} groups, for {description.role}.",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "version": data.digest,
        "url": _urn(data.digest),
        "identifier": data.id,
        "license": [_licence(licence) for licence in description.licences],
        "creator": {"@type": "sc:Organization", "name": description.project},
        "datePublished": description.recorded,
        "citeAs": f"@misc{{{short_id(data.digest)}, title={{{title}}}, version={{{data.digest}}}}}",
        "keywords": ["qlora-gov", description.role],
        **({"inLanguage": list(description.languages)} if description.languages else {}),
        "variableMeasured": [
            _property(f"{line.name}: {share.value}", share.rows) for line in data.mix for share in line.shares
        ],
        "rai:dataCollection": f"By provenance, as rows state it: {kinds}.",
        "rai:dataPreprocessingProtocol": steps,
        "prov:wasDerivedFrom": [_source(place, source) for place, source in enumerate(data.sources, 1)],
        "prov:wasGeneratedBy": list(_activities(description, steps)),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": f"{file.bytes} B",
                "encodingFormat": "application/x-parquet",
                "sha256": file.sha256,
            }
            for name, file in files.items()
        ],
        "recordSet": record_sets(description.columns, [share.value for share in provenances]),
    }


def _source(place: int, source: SourceLine) -> Node:
    """Where rows came from; the digest is that of its file, where it is one."""
    digests = list(files_named(source.component.settings).values())
    declared = {"provenance": source.provenance, "consent": source.consent}
    return {
        "@type": "prov:Entity",
        "@id": f"source/{place}",
        "prov:label": source.component.name,
        "description": ", ".join(f"{name} {value}" for name, value in setting_lines(source.component.settings)),
        "license": _licence(source.licence),
        **({"sha256": digests[0].removeprefix("sha256:")} if len(digests) == 1 else {}),
        "additionalProperty": [
            _property("rows", source.rows),
            *(_property(name, value) for name, value in declared.items() if isinstance(value, str)),
        ],
    }


def _activities(description: DataDescription, steps: list[str]) -> Iterator[Node]:
    """What was done, each informed by the one before."""
    data = description.data
    sources = [{"@id": f"source/{place}"} for place, _ in enumerate(data.sources, 1)]
    yield {"@type": "prov:Activity", "@id": _READING, "prov:label": "sources read", "prov:used": sources}
    before = _READING
    for place, (step, told) in enumerate(zip(data.steps, steps, strict=True), 1):
        held_out = description.held_out if step.decontaminates else None
        yield {
            "@type": "prov:Activity",
            "@id": f"step/{place}",
            "prov:label": step.component.name,
            "description": told,
            "prov:wasInformedBy": {"@id": before},
            **({"prov:used": {"@id": _urn(held_out)}} if held_out else {}),
            "prov:wasAssociatedWith": {
                "@type": "prov:SoftwareAgent",
                "name": step.component.distribution,
                "softwareVersion": step.component.version,
            },
        }
        before = f"step/{place}"
    if (mixing := description.mixing) is not None:
        target = ", ".join(f"{kind} {share:g}" for kind, share in mixing.target.items())
        yield {
            "@type": "prov:Activity",
            "@id": _MIX,
            "prov:label": "rows sampled by provenance",
            "description": f"shares {target}; seed {mixing.seed}",
            "prov:wasInformedBy": {"@id": before},
        }


def _told(step: StepReport) -> str:
    """What a step did, in a sentence."""
    counts = (("dropped", step.dropped), ("changed", step.altered))
    did = [f"{verb} {number(rows)}: {reason}" for verb, of in counts for reason, rows in of.items()]
    did += [f"labelled {number(step.labelled)}"] if step.labelled else []
    settings = ", ".join(f"{name} {value}" for name, value in setting_lines(step.component.settings))
    of = f"{step.component.name} ({settings})" if settings else step.component.name
    return f"{of}, {step.action}: {number(step.rows_in)} rows in; {'; '.join(did) or 'nothing dropped or changed'}"


def _licence(licence: str | Absent) -> str | Node:
    """By its address where it is one of SPDX's, else by the name that it was given."""
    if isinstance(licence, Absent):
        return {"@type": "sc:CreativeWork", "name": licence.absent}
    try:
        known = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return {"@type": "sc:CreativeWork", "name": licence}
    single = " " not in known and not known.startswith("LicenseRef-")
    return f"https://spdx.org/licenses/{known}" if single else {"@type": "sc:CreativeWork", "name": known}


def _property(name: str, value: str | int) -> Node:
    return {"@type": "sc:PropertyValue", "name": name, "value": value}


def _urn(content_id: str) -> str:
    return f"urn:qlora-gov:{content_id}"
