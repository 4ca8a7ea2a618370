"""``data synthesise`` on a small project, with an endpoint on loopback: from seeds to a dataset version."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest
import yaml

from qlora_gov.cli.main import run
from tests.support.endpoint import MODEL, Server, completion, failing, serving
from tests.support.project import SOURCE, make_project, rows, write_rows

KEY = "sk-a-key-that-nobody-may-see"
Capture = pytest.CaptureFixture[str]
COMMAND = ["data", "synthesise", "paraphrases"]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("SYNTHESIS_KEY", KEY)
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-account")
    synthesis = {
        "paraphrases": {
            "synthesiser": {"use": "paraphrase", "variants": 2},
            "seeds": {"sources": [{**SOURCE, "path": "train.jsonl"}]},
            "endpoint": {"url": server.url, "model": "some-8b", "key": "SYNTHESIS_KEY", "retries": 1},
            "path": "data/paraphrases.jsonl",
        }
    }
    make_project(tmp_path, tmp_path / "no base", schema=2, synthesis=synthesis)
    return tmp_path


def edit(project: Path, **changes: Any) -> None:
    """Change settings of the synthesis; two underscores stand before a key of a section within it."""
    file = project / "qlora_gov.yaml"
    settings = yaml.safe_load(file.read_text())
    for name, value in changes.items():
        section, _, key = name.rpartition("__")
        place = settings["synthesis"]["paraphrases"]
        (place[section] if section else place)[key] = value
    file.write_text(yaml.safe_dump(settings))


def made(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project / "data" / "paraphrases.jsonl").read_text().splitlines()]


def manifest(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "data" / "paraphrases.manifest.json").read_text())
    return found


def words(capsys: Capture) -> str:
    told = capsys.readouterr()
    return " ".join(f"{told.out} {told.err}".split())


def asked(server: Server) -> Counter[str]:
    return Counter(json.loads(body["messages"][-1]["content"])["message"] for body in server.asked)


def test_rows_are_made_labelled_and_become_a_version(project: Path, server: Server, capsys: Capture) -> None:
    edit(project, endpoint__prices={"input": 1, "output": 4}, endpoint__parameters={"temperature": 0.5})
    assert run(COMMAND) == 0
    told = words(capsys)
    for said in ("requests 16", f"answers 16, by {MODEL}", "rows 32", "USD", "data/paraphrases.jsonl: 32 rows"):
        assert said in told
    assert server.asked[0]["temperature"] == 0.5
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert "of-another-account" not in str(server.headers)
    assert {row["messages"][0]["content"] for row in made(project)} >= {"Please: Ask card 0?", "Ask card 0? Thanks."}
    assert {row["provenance"] for row in made(project)} == {"synthetic"}
    assert manifest(project)["complete"]
    assert manifest(project)["models"] == {MODEL: 16}
    assert KEY not in "".join(path.read_text(errors="replace") for path in project.rglob("*") if path.is_file())

    settings = yaml.safe_load((project / "qlora_gov.yaml").read_text())
    made_here = {**SOURCE, "use": "synthesised", "path": "data/paraphrases.jsonl"}
    settings["data"]["training"]["sources"].append(made_here)
    steps = ["exact_duplicates", {"use": "length", "prompt": {"max_words": 3}}, "held_out_leak"]
    settings["data"]["training"]["steps"] = steps
    (project / "qlora_gov.yaml").write_text(yaml.safe_dump(settings))
    assert run(["data", "build"]) == 0
    assert "data/synthesised data/paraphrases.jsonl 32 synthetic other made for tests" in words(capsys)
    assert run(["data", "drops", "--filter", "length"]) == 0
    dropped = capsys.readouterr().out.splitlines()
    said_ = "dropped by data/length: prompt over max_words"
    assert sorted(dropped) == sorted(f"data/paraphrases.jsonl:{line}: {said_}" for line in range(1, 33))


def test_a_second_run_needs_no_endpoint_and_writes_the_same_bytes(project: Path, server: Server) -> None:
    assert run(COMMAND) == 0
    files = [project / "data" / f"paraphrases.{kind}" for kind in ("jsonl", "manifest.json")]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    edit(project, endpoint__url="http://127.0.0.1:1/v1", endpoint__key="NO_SUCH_KEY")
    assert run(COMMAND) == 0
    assert [file.read_bytes() for file in files] == before
    write_rows(project / "train.jsonl", rows(18, "Ask"))
    edit(project, endpoint__url=server.url, endpoint__key="SYNTHESIS_KEY")
    assert run(COMMAND) == 0
    assert set(asked(server).values()) == {1}
    assert len(server.asked) == 18
    assert len(made(project)) == 36


def test_after_a_kill_only_what_is_missing_is_asked_for(project: Path, server: Server, capsys: Capture) -> None:
    write_rows(project / "train.jsonl", rows(40, "Ask"))
    server.delay = lambda body: 0.05
    journal = project / ".qlora_gov" / "synthesis" / "paraphrases.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "qlora_gov", *COMMAND], cwd=project, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < 10:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    had, before = journal.read_bytes().count(b"\n"), len(server.asked)
    assert 10 <= had <= before <= had + 4 < 40, "a kill loses what was under way"
    assert not (project / "data").exists()
    server.delay = lambda body: 0.0
    assert run(COMMAND) == 0
    assert len(server.asked) == before + 40 - had
    assert f"requests {40 - had}" in words(capsys)
    assert len(made(project)) == 80


def test_a_budget_stops_it_and_a_larger_one_goes_on(project: Path, server: Server, capsys: Capture) -> None:
    server.answer = lambda body: completion('{"variants": ["One?", "Two?"]}', given=100, answered=50)
    prices = {"input": 1, "output": 10, "currency": "EUR"}
    edit(project, endpoint__parameters={"max_tokens": 60}, endpoint__prices=prices, budget={"money": 0.004})
    assert run(COMMAND) == 0
    told = words(capsys)
    had = manifest(project)["answers"]
    assert 0 < had < 16
    assert manifest(project)["costs"]["EUR"] == pytest.approx(had * 600 / 1e6)
    assert manifest(project)["costs"]["EUR"] <= 0.004
    assert f"stopped at the budget: {16 - had} prompts are not asked" in told
    assert len(made(project)) == 2 * had
    assert not manifest(project)["complete"]
    edit(project, budget={"money": 1.0})
    assert run(COMMAND) == 0
    assert len(server.asked) == 16
    assert manifest(project)["complete"]


def test_a_dry_run_says_the_most_it_can_take_and_asks_nothing(project: Path, server: Server, capsys: Capture) -> None:
    edit(project, endpoint__parameters={"max_tokens": 60}, endpoint__prices={"input": 1, "output": 10}, sample=5)
    assert run([*COMMAND, "--dry-run"]) == 0
    told = words(capsys)
    assert "seed rows 16 prompts 5 to ask 5 tokens at most" in told
    assert "USD at most" in told
    assert server.asked == []
    assert not (project / "data").exists()
    edit(project, endpoint__parameters={}, endpoint__url="http://models.example.com/v1")
    assert run([*COMMAND, "--dry-run"]) == 0
    told = words(capsys)
    assert "tokens any number: the parameters limit no answer" in told
    assert "rows go to models.example.com as they are" in told
    edit(project, endpoint__url=server.url)
    assert run(COMMAND) == 0
    assert len(server.asked) == 5


def test_seeds_pass_steps_before_a_model_sees_them(project: Path, server: Server) -> None:
    long = {"prompt": "Is this one not much longer than the others?", "response": "It is."}
    held_out = {"prompt": "Tell fees 1?", "response": "See fees in the app."}
    write_rows(project / "train.jsonl", [*rows(2, "Ask"), long, held_out])
    edit(project, seeds__steps=[{"use": "length", "prompt": {"max_words": 5}}, "held_out_leak"])
    assert run(COMMAND) == 0
    assert asked(server) == {"Ask card 0?": 1, "Ask fees 1?": 1}
    assert [step["dropped"] for step in manifest(project)["seeds"]["steps"]] == [
        {"prompt over max_words": 1},
        {"text is held out": 1},
    ]
    assert manifest(project)["seeds"]["held_out"].startswith("sha256:")


def test_seeds_cannot_be_kept_clear_of_no_evaluation_set(project: Path, capsys: Capture) -> None:
    edit(project, seeds__steps=["held_out_leak"])
    settings = yaml.safe_load((project / "qlora_gov.yaml").read_text())
    (project / "qlora_gov.yaml").write_text(yaml.safe_dump({**settings, "data": None, "training": None}))
    assert run(COMMAND) == 4
    assert "synthesis.paraphrases.seeds: there is no evaluation set here to keep seeds clear of" in words(capsys)


def test_what_cannot_be_read_is_refused_and_counted(project: Path, server: Server, capsys: Capture) -> None:
    fence = '```json\n{"variants": ["One?", "Two?"]}\n```'
    answers = iter([fence, '{"variant": []}', '{"variants": ["Only one?"]}', '{"variants": [" ", "Two?"]}'])
    server.answer = lambda body: next(answers)
    write_rows(project / "train.jsonl", rows(4, "Ask"))
    edit(project, endpoint__concurrency=1)
    assert run(COMMAND) == 0
    told = words(capsys)
    assert manifest(project)["refused"] == {
        "an empty question": 1,
        "fewer variants than were asked for": 1,
        "not JSON": 1,
        "not the object that was asked for": 1,
    }
    assert "refused 1 not JSON" in told
    assert [row["messages"][0]["content"] for row in made(project)] == ["Only one?", "Two?"]


def test_gaps_are_an_error_and_the_rest_is_kept(project: Path, server: Server, capsys: Capture) -> None:
    server.troubles.extend([None, failing(400, "too long"), *[None] * 13])
    assert run(COMMAND) == 7
    told = words(capsys)
    assert "requests were not answered: 1 for HTTP 400" in told
    assert "too long" in told
    assert "1 answers are missing: data/paraphrases.jsonl holds the rows of all others; run it again for them" in told
    assert len(made(project)) == 30
    assert run(COMMAND) == 0
    assert len(server.asked) == 17


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"path": "train.jsonl"}, 2, "train.jsonl: was not made by a synthesis, and would be overwritten"),
        ({"path": "data/rows.csv"}, 4, "path: should end in .jsonl"),
        ({"endpoint__key": "NO_SUCH_KEY"}, 4, "the environment variable NO_SUCH_KEY is not set"),
        ({"endpoint__url": "http://me:pw@host/v1"}, 4, "leave out user, password and query"),
        ({"endpoint__url": "localhost:8000"}, 4, "should be an address such as http://localhost:8000/v1"),
        ({"endpoint__parameters": {"n": 3}}, 4, "'n' is not one to set"),
        ({"endpoint__modle": "x"}, 4, "unknown key 'synthesis.paraphrases.endpoint.modle'; did you mean 'model'?"),
        ({"budget": {"tokens": 9}}, 4, "a budget needs max_completion_tokens or max_tokens"),
        ({"budget": {"money": 9}, "endpoint__parameters": {"max_tokens": 9}}, 4, "budget.money needs endpoint.prices"),
        ({"budget": {"tokens": 9}, "endpoint__parameters": {"max_tokens": 9}}, 2, "no room for the first request"),
        ({"synthesiser": "paraphras"}, 5, "no synthesiser is named 'paraphras'; did you mean 'paraphrase'?"),
        ({"synthesiser": {"use": "paraphrase", "variants": 0}}, 4, "variants: "),
        ({"seeds__sources": [{"use": "jsonl", "path": "train.jsonl"}]}, 4, "does not declare 'provenance'"),
        ({"endpoint__url": "http://127.0.0.1:1/v1"}, 7, "made no rows: requests were not answered: "),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_asked(
    project: Path,
    server: Server,
    changes: dict[str, Any],
    code: int,
    said: str,
    capsys: Capture,
) -> None:
    edit(project, **changes)
    assert run(COMMAND) == code
    assert said in words(capsys)
    assert server.asked == []


def test_an_endpoint_that_refuses_the_key_is_told_without_it(project: Path, server: Server, capsys: Capture) -> None:
    server.troubles.extend([failing(401, f"Incorrect API key provided: {KEY}")] * 4)
    assert run(COMMAND) == 7
    told = words(capsys)
    assert "Incorrect API key provided: [key]" in told
    assert KEY not in told


def test_another_name_and_another_process_are_told(project: Path, capsys: Capture) -> None:
    assert run(["data", "synthesise", "paraphrase"]) == 2
    assert "no synthesis is named 'paraphrase' in the project file; did you mean 'paraphrases'?" in words(capsys)
    (project / ".qlora_gov" / "synthesis").mkdir(parents=True)
    with filelock.FileLock(project / ".qlora_gov" / "synthesis" / "paraphrases.lock"):
        assert run(COMMAND) == 2
    assert "another process is at work on synthesis 'paraphrases'" in words(capsys)


def test_answers_without_a_row_are_no_file(project: Path, server: Server, capsys: Capture) -> None:
    server.answer = lambda body: "Sorry."
    assert run(COMMAND) == 6
    assert "synthesis 'paraphrases' made no rows: 16 times not JSON" in words(capsys)
    assert not (project / "data").exists()
