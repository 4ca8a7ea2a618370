"""The columns of exported files as Croissant describes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qlora_gov.records.table import TABLES

Node = dict[str, Any]

# The specification's own list has http://schema.org/; the libraries that read Croissant know the other spelling alone.
CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{
        term: f"cr:{term}"
        for term in (
            *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileObject"),
            *("fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5"),
            *("parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
            *("separator", "source", "subField", "transform"),
        )
    },
}
"""The JSON-LD context that readers of Croissant know, and PROV-O."""

KINDS = {
    "human": "written by people for this",
    "synthetic": "made by a model",
    "historical": "taken from logs",
    "not stated": "rows that do not say",
}
"""What the values of ``provenance`` mean."""

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "rows": {
        "row": "its number, from 0 in the order of what rows say",
        "id": "digest of its turns",
        "messages": "its turns; the last one is the assistant's",
        "rejected": "another answer, to which people preferred the last turn",
        "group": "what it shares with rows of the same source",
        "provenance": "human, synthetic or historical",
        "intent": "what it is about",
        "language": "what it is written in",
        "extra": "all else that is known of it, as JSON",
        "source": "the file and line that it came from",
    },
    "origins": {
        "row": "the number of the row",
        "example": "the id of the row",
        "provenance": "human, synthetic or historical",
        "source": "the file and line that it came from, or another address",
    },
    "changes": {
        "row": "the number of this line",
        "step": "the number of the step, from 0; the mix comes after all steps",
        "source": "the file and line that the row came from",
        "example": "the id that the row had",
        "became": "the id that it has now; none: it was dropped",
        "reason": "why",
        "score": "how sure, or how alike",
        "matched": "the id of the row that it was held against",
        "spans": 'where in it something was found, as JSON {"KIND": [[turn, start, end]]}',
    },
}
"""What the columns of each file say."""

_TYPES = {"BIGINT": "sc:Integer", "DOUBLE": "sc:Float", "TEXT": "sc:Text"}
_KEPT_AS = {"rows": "examples"}


def record_sets(columns: Mapping[str, Iterable[str]], provenances: Iterable[str]) -> list[Node]:
    """What the provenances of rows mean, and the columns of each file, by its name without ``.parquet``."""
    labels = {
        "@type": "cr:RecordSet",
        "@id": "provenances",
        "name": "provenances",
        "description": "who or what wrote a row",
        "dataType": "sc:Enumeration",
        "key": {"@id": "provenances/name"},
        "field": [_field("provenances", name, "sc:Text") for name in ("name", "meaning")],
        "data": [{"provenances/name": kind, "provenances/meaning": KINDS.get(kind, kind)} for kind in provenances],
    }
    return [labels, *(_records(name, of) for name, of in columns.items())]


def _records(name: str, columns: Iterable[str]) -> Node:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "key": {"@id": f"{name}/row"},
        "field": [_column(name, column) for column in columns],
    }


def _column(file: str, column: str) -> Node:
    read = {"fileObject": {"@id": f"{file}.parquet"}, "extract": {"column": column}}
    told = {"description": MEANINGS[file][column]}
    if column == "messages":
        parts = [
            _field(f"{file}/{column}", part, "sc:Text", source={**read, "transform": {"jsonPath": part}})
            for part in ("role", "content")
        ]
        return {**_field(file, column), **told, "isArray": True, "arrayShape": "-1", "subField": parts}
    kind = "TEXT" if column == "rejected" else TABLES[_KEPT_AS.get(file, file)][column].rstrip("?")
    more: Node = {}
    if column == "provenance":
        more = {"references": {"field": {"@id": "provenances/name"}}}  # as the libraries read it
    elif (file, column) == ("origins", "source"):
        more = {"equivalentProperty": "prov:wasDerivedFrom"}
    return {**_field(file, column, _TYPES[kind], source=read), **told, **more}


def _field(owner: str, name: str, kind: str | None = None, **more: Any) -> Node:
    typed = {"dataType": kind} if kind else {}
    return {"@type": "cr:Field", "@id": f"{owner}/{name}", "name": name, **typed, **more}
