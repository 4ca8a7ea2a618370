"""Thirty thousand real rows for the curation: questions of bank customers and others, chats, tasks, comments."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detector_texts import DATA, table

Row = dict[str, Any]


def canned(intent: str) -> str:
    """One answer for all questions of an intent, as support teams write them."""
    entry = int(hashlib.sha256(intent.encode()).hexdigest()[:4], 16)
    return (
        f"Thanks for getting in touch. Open the app, choose Help, then the entry {entry}, and follow the steps there; "
        "a colleague of ours answers within a day, also at weekends."
    )


def own(question: str) -> str:
    """An answer that is one question's alone."""
    number = int(hashlib.sha256(question.encode()).hexdigest()[:10], 16)
    return f"Your reference is {number}. The question has {len(question.split())} words, and you will hear of it soon."


def questions(*, answers_canned: bool) -> Iterator[Row]:
    """Questions of banking77 and CLINC, which ship no answers."""
    banking = [(row["text"], row["category"]) for row in table("banking77/train.csv")]
    clinc = json.loads((DATA / "clinc_oos/data_small.json").read_text(encoding="utf-8"))
    others = [(text, intent) for part in ("train", "val", "test") for text, intent in clinc[part]]
    for text, intent in banking + others:
        answer = canned(intent) if answers_canned else own(text)
        yield {"prompt": text, "response": answer, "intent": intent, "provenance": "historical"}


def tasks() -> Iterator[Row]:
    """Instructions that people wrote, with their answers."""
    for line in (DATA / "self_instruct/seed_tasks.jsonl").read_text(encoding="utf-8").splitlines():
        task = json.loads(line)
        for instance in task["instances"]:
            if instance["output"].strip():
                asked = "\n\n".join(filter(None, (task["instruction"], instance["input"])))
                yield {"prompt": asked, "response": instance["output"], "provenance": "human"}


def comments() -> Iterator[Row]:
    """Comments under news, each with a polite answer."""
    texts = [row["text"] for row in table("toxic_spans/tsd_test.csv")]
    texts += [row["comment_text"] for row in table("toxic_spans/derived_multilabel.csv")]
    for text in filter(str.strip, texts):
        yield {"prompt": text, "response": own(text), "provenance": "human"}


def chats() -> Iterator[Row]:
    """The first path down each tree of messages."""
    for line in (DATA / "open_assistant/en_100_message.jsonl").read_text(encoding="utf-8").splitlines():
        tree = json.loads(line)
        turn, messages = tree.get("prompt", tree), []
        while turn:
            messages.append({"role": {"prompter": "user"}.get(turn["role"], turn["role"]), "content": turn["text"]})
            turn = next(iter(turn.get("replies") or ()), None)
        while messages and messages[-1]["role"] != "assistant":
            messages.pop()
        if messages:
            yield {"messages": messages, "provenance": "human"}


def corpus(rows: int, *, answers_canned: bool) -> list[Row]:
    """So many rows, spread over all sources."""
    found = [*chats(), *tasks(), *comments(), *questions(answers_canned=answers_canned)]
    found.sort(key=lambda row: hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest())
    return found[:rows]


def held_out() -> list[Row]:
    """The evaluation set: the test questions of banking77."""
    return [
        {"prompt": row["text"], "response": own(row["text"]), "intent": row["category"]}
        for row in table("banking77/test.csv")
    ]


def write(path: Path, rows: list[Row]) -> None:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
