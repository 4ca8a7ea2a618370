"""What a card prints of its measurements, derived again by nothing but SQL and arithmetic over the ledger's rows.

It shares no line with the program: formulas are written down once more, and tables of the card are read as a reader
reads them. A field that a record leaves out is at its default. Run it on any project that has a card:

    python tests/support/rederive.py PROJECT/.qlora_gov/ledger.duckdb PROJECT/.qlora_gov/cards/ID/card.md
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from markdown_it import MarkdownIt

Row = dict[str, str]


def mean(sums: Sequence[float]) -> float:
    return sums[0] / sums[1]


def perplexity(sums: Sequence[float]) -> float:
    return math.exp(sums[0] / sums[1])


def bleu(sums: Sequence[float]) -> float:
    """BLEU of 4-grams with exponential smoothing, from lengths, matches and totals (Papineni et al. 2002)."""
    length, reference = sums[:2]
    matches, totals = sums[2:6], sums[6:10]
    smooth, logs = 1.0, []
    for matched, total in zip(matches, totals, strict=True):
        if total == 0:
            return 0.0
        if matched == 0:
            smooth *= 2
        logs.append(math.log((matched or 1 / smooth) / total))
    brevity = 1.0 if length >= reference else math.exp(1 - reference / length)
    return 100 * brevity * math.exp(sum(logs) / 4)


FORMULAS: dict[str, Callable[[Sequence[float]], float]] = {
    "metrics/perplexity": perplexity,
    "metrics/bleu": bleu,
}
"""Of a metric's component; every other one here is a mean."""


class Rows:
    """The ledger's tables, as anybody can open them."""

    def __init__(self, path: Path) -> None:
        self.connection = duckdb.connect(str(path), read_only=True)

    def record(self, id_: str) -> tuple[int, dict[str, Any]]:
        """An entry's number and its record's content, by the start of the record's id."""
        query = "SELECT seq, record FROM entries WHERE id LIKE ? ORDER BY seq DESC LIMIT 1"
        found = self.connection.execute(query, [f"{id_}%"]).fetchone()
        assert found is not None, f"no record {id_}"
        return int(found[0]), json.loads(found[1])["content"]

    def value(self, evaluation: str, name: str, where: str = "TRUE") -> float:
        """A metric's value over the rows of an evaluation whose example fulfils a condition."""
        entry, content = self.record(evaluation)
        index = next(at for at, one in enumerate(content["measurements"]) if one["name"] == name)
        component = content["measurements"][index]["metric"]["name"]
        responses = self.record(content["responses"])[1]
        examples = self.record(responses["dataset"])[0]
        sums = self.connection.execute(
            f"""SELECT component, sum(value) FROM scores JOIN examples ON scores."row" = examples."row"
            WHERE scores.entry = {entry} AND examples.entry = {examples} AND metric = {index} AND ({where})
            GROUP BY component ORDER BY component"""
        ).fetchall()
        return FORMULAS.get(component, mean)([total for _, total in sums])

    def count(self, decision: dict[str, Any], what: str, where: str = "TRUE") -> int:
        """How many rows, or of what, the evaluation set of a decision has."""
        responses = self.record(self.record(decision["candidate"])[1]["responses"])[1]
        entry = self.record(responses["dataset"])[0]
        found = self.connection.execute(f"SELECT {what} FROM examples WHERE entry = {entry} AND ({where})").fetchone()
        assert found is not None
        return int(found[0])


def tables(text: str) -> dict[tuple[str, ...], list[Row]]:
    """Every table of a Markdown text by its header."""
    found: dict[tuple[str, ...], list[Row]] = {}
    cells: list[list[str]] = []
    inside = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "table_open":
            cells, inside = [], True
        elif token.type == "tr_open":
            cells.append([])
        elif token.type == "inline" and inside:
            cells[-1].append("".join(child.content for child in token.children or []))
        elif token.type == "table_close":
            inside = False
            header = tuple(cells[0])
            found.setdefault(header, []).extend(dict(zip(header, row, strict=False)) for row in cells[1:])
    return found


def contrast(words: str, candidate: float, champion: float) -> float:
    """What a rule tests, from its words on the card."""
    words = words.split(" where ")[0].replace("reference", "champion")
    if words.startswith("log("):
        return math.log(candidate / champion)
    if words.startswith("candidate - ") and " x " in words:
        return candidate - float(words.removeprefix("candidate - ").split(" x ")[0]) * champion
    return candidate - champion if words.startswith("candidate - ") else candidate


def check(ledger: Path, card: Path) -> Iterator[tuple[str, float, float, str]]:
    """Each number: what it is of, as the record states it, as the rows give it, and as the card prints it."""
    rows, text = Rows(ledger), card.read_text(encoding="utf-8")
    found = {header[:2]: lines for header, lines in tables(text).items()}
    ids = {line["record"]: line["id"] for line in found["record", "id"]}
    decision = rows.record(ids["decision"])[1]
    tested = {line["rule"]: line["tested"] for line in found["rule", "tested"]}
    shown = {line["rule"]: line for line in found["rule", "alpha"]}
    for line, item in _by_rule(found["rule", "metric"], decision):
        yield from _verdict(rows, decision, line, item, tested[line["rule"]], shown[line["rule"]])
        for part in item["verdict"].get("slices", []):
            yield from _slice(rows, decision, item, part, found.get(("slice", "champion"), []))
    for line in (*found["metric", "champion"], *found.get(("rate", "detector"), [])):
        name = line.get("metric", line.get("rate", "")).split(" ")[0]
        for side in ("champion", "candidate"):
            measured = {one["name"]: one for one in rows.record(decision[side])[1]["measurements"]}
            value = measured[name]["value"]
            if not isinstance(value, dict):  # an object says why nothing was measured
                yield f"{name} of the {side}", value, rows.value(decision[side], name), line[side]
    yield from _mix(rows, decision, found["mix", "share of rows"])


def _mix(rows: Rows, decision: dict[str, Any], lines: list[Row]) -> Iterator[tuple[str, float, float, str]]:
    """How the evaluation set's rows are spread; it is the last table of its kind."""
    dataset = rows.record(rows.record(decision["candidate"])[1]["responses"])[1]["dataset"]
    mix = rows.record(dataset)[1]["mix"]
    for line in lines[-len(mix) :]:
        for value, stated in mix[line["mix"]].items():
            where = f"\"{line['mix']}\" = '{value}'" if value != "not stated" else f'"{line["mix"]}" IS NULL'
            shown = re.search(rf"(?:^|, ){re.escape(value)} [\d.]+% \(([\d,]+)\)", line["share of rows"])
            printed = shown[1] if shown else str(stated)  # after the commonest twelve the card only counts the values
            yield f"rows whose {line['mix']} is {value}", stated, rows.count(decision, "count(*)", where), printed


def _by_rule(lines: list[Row], decision: dict[str, Any]) -> Iterator[tuple[Row, dict[str, Any]]]:
    items = {item["rule"]["name"]: item for item in decision["verdicts"]}
    for line in lines:
        yield line, items[line["rule"]]


def _sides(rows: Rows, decision: dict[str, Any], item: dict[str, Any], where: str) -> tuple[float, float]:
    name, against = item["rule"]["metric"], item["rule"].get("against", "champion")
    return rows.value(decision["candidate"], name, where), rows.value(decision[against], name, where)


def _verdict(
    rows: Rows, decision: dict[str, Any], line: Row, item: dict[str, Any], tested: str, shown: Row
) -> Iterator[tuple[str, float, float, str]]:
    verdict, what = item["verdict"], item["rule"]["name"]
    gate = item["rule"]["gate"]
    conditions = [f"\"{label}\" = '{value}'" for label, value in item["rule"].get("where", {}).items()]
    if gate["name"] == "gates/no_regressed_slice":  # the worst slice stands for the rule
        worst = verdict["slices"][0]["slice"]
        conditions.append(f"\"{gate['settings']['by']}\" = '{worst}'")
    where = " AND ".join(conditions) or "TRUE"
    candidate, champion = _sides(rows, decision, item, where)
    yield f"{what}: candidate", verdict["candidate"], candidate, line["candidate"]
    yield f"{what}: champion", verdict["baseline"], champion, line["its value"]
    if verdict.get("estimate") is not None:
        yield f"{what}: estimate", verdict["estimate"], contrast(tested, candidate, champion), line["estimate"]
    yield f"{what}: rows", verdict["rows"], rows.count(decision, "count(*)", where), shown["rows"]
    clusters = rows.count(decision, 'count(DISTINCT "group")', where)
    yield f"{what}: clusters", verdict["clusters"], clusters, shown["clusters"]


def _slice(
    rows: Rows, decision: dict[str, Any], item: dict[str, Any], part: dict[str, Any], lines: list[Row]
) -> Iterator[tuple[str, float, float, str]]:
    where = f"\"{item['rule']['gate']['settings']['by']}\" = '{part['slice']}'"
    line = next(one for one in lines if one["slice"] == part["slice"])
    candidate, champion = _sides(rows, decision, item, where)
    what = f"{item['rule']['name']}, slice {part['slice']}"
    yield f"{what}: candidate", part["candidate"], candidate, line["candidate"]
    yield f"{what}: champion", part["baseline"], champion, line["champion"]
    yield f"{what}: rows", part["rows"], rows.count(decision, "count(*)", where), line["rows"]


def agrees(stated: float, derived: float, printed: str) -> bool:
    """To 1e-9 relative with the record, and with the digits that the card prints of it: their last place is rounded."""
    shown = Decimal(printed.replace(",", ""))
    place = float(Decimal(1).scaleb(int(shown.as_tuple().exponent)))
    return math.isclose(stated, derived, rel_tol=1e-9, abs_tol=1e-12) and math.isclose(
        shown, derived, rel_tol=1e-9, abs_tol=0.501 * place
    )


def main(ledger: str, card: str) -> int:
    """Print every number beside its derivation; 1 where one differs."""
    wrong = 0
    for what, stated, derived, printed in check(Path(ledger), Path(card)):
        fits = agrees(stated, derived, printed)
        wrong += not fits
        print(f"{'same' if fits else 'DIFFERS':8}{what:50}{stated!r:24}{derived!r:24}{printed}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
