"""The pipeline that `data export --datatrove` writes, run here, and against a stand-in for Slurm's programs."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.errors import DataError, ProjectError
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.pipeline.datatrove import Stage, stages_of
from qlora_gov.records import DatasetVersion
from tests.support.project import SOURCE, make_project, rows, write_rows

JUDGED = [
    "exact_duplicates",
    {"use": "toxicity_lexical", "action": "drop"},
    "near_duplicates",
    "held_out_leak",
]
MIX = {"target": {"human": 0.5, "synthetic": 0.5}, "balance": "total"}

KILLED = """
import os, signal
from pathlib import Path
from qlora_gov import FilterSpec, hookimpl

class Killed:
    def apply(self, rows):
        first = Path(__file__).with_suffix(".once")
        if any("301" in row.question for row in rows) and not first.exists():
            first.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return rows

@hookimpl
def qlora_gov_filters():
    return [FilterSpec(name="killed", summary="kills its process once", factory=Killed)]
"""

SBATCH = """#!{python}
import os, re, subprocess, sys
script = open(sys.argv[-1]).read()
print(*sys.argv[1:-1], re.sub("[^ -~]+", " ", script), file=open("submitted", "a"))
pickled = re.search(r"launch_pickled_pipeline (\\S+)", script)
for task in range(int(re.search("--array=0-([0-9]+)", script)[1]) + 1) if pickled else ():
    environment = dict(os.environ, SLURM_ARRAY_TASK_ID=str(task), SLURM_NODELIST="here")
    run = [sys.executable, "-m", "datatrove.tools.launch_pickled_pipeline", pickled[1]]
    subprocess.run(run, env=environment, check=True)
print("Submitted batch job", len(open("submitted").readlines()))
"""


def row(number: int, provenance: str) -> dict[str, Any]:
    """Now and then one that a step drops."""
    asked = {0: f"tell me  of {number - 2}?", 3: "You stupid fool, shut the fuck up", 5: "Tell card 0?"}
    prompt = asked.get(number % 50, f"Tell me of {number}?")
    return {"prompt": prompt, "response": f"It is number {number // 10} of all.", "provenance": provenance}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make(tmp_path, JUDGED, MIX)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(root: Path, steps: list[Any], mix: Any = None, **changes: Any) -> None:
    write_rows(root / "people.jsonl", [row(number, "human") for number in range(240)])
    write_rows(root / "model.jsonl", [row(number, "synthetic") for number in range(190, 400)])
    sources = [{**SOURCE, "path": path} for path in ("people.jsonl", "model.jsonl")]
    data = {
        "training": {"sources": sources, "steps": steps, **({"mix": mix} if mix else {})},
        "evaluation": {"sources": [{**SOURCE, "path": "evaluation.jsonl"}]},
    }
    make_project(root, root / "no base", data=data, **changes)


def versions(state: Path = Path(".qlora_gov")) -> list[DatasetVersion]:
    return [held(entry, DatasetVersion) for entry in Ledger(state / "ledger.duckdb").entries("dataset")]


def built() -> list[DatasetVersion]:
    """What `data build` records, in a ledger that is then out of the way."""
    assert run(["data", "build", "--processes", "1"]) == 0
    Path(".qlora_gov").rename("built")
    return versions(Path("built"))


def written(tasks: int, **edits: str) -> Path:
    """The file, with some of its lines edited as a person would."""
    assert run(["data", "export", "--datatrove", "--to", "spread", "--tasks", str(tasks)]) == 0
    path = Path("spread/pipeline.py")
    text = path.read_text(encoding="utf-8")
    for name, value in edits.items():
        assert f"\n{name} = " in text
        text = text.replace(f"\n{name} = ", f"\n{name} = {value}  # ")
    path.write_text(text, encoding="utf-8")
    return path


def ran(path: Path, **environment: str) -> tuple[int, str]:
    """Its exit code, and what it said; what a killed one leaves is ended, too."""
    command = [sys.executable, str(path)]
    with Path("said").open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            command, env=dict(os.environ, **environment), stdout=said, stderr=said, start_new_session=True
        )
        try:
            return process.wait(timeout=300), Path("said").read_text(encoding="utf-8")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def in_order(stages: list[Stage]) -> None:
    for stage in stages:
        for rank in range(stage.tasks):
            stage(None, rank, stage.tasks)


def test_it_records_what_data_build_records(project: Path) -> None:
    alone = built()
    code, said = ran(written(2))
    assert code == 0, said
    assert [version.id for version in versions()] == [version.id for version in alone]
    assert [dict(step.dropped) for step in alone[1].steps] == [
        {"exact duplicate": 50},
        {"lexical-toxicity": 8},
        {"near-duplicate": 1},
        {"text is held out": 8},
    ]
    assert alone[1].mixing is not None
    for file in Path("built/datasets").rglob("*.*"):
        assert (Path(".qlora_gov/datasets") / file.relative_to("built/datasets")).read_bytes() == file.read_bytes()
    assert not list(Path("spread").glob("*/work"))
    assert ran(Path("spread/pipeline.py")) == (0, "these versions are on record; nothing is done again\n")
    assert run(["data", "build"]) == 0
    assert len(versions()) == 2
    shutil.rmtree(".qlora_gov")
    in_order(stages_of(project, project / "spread", 1))
    assert [version.id for version in versions()] == [version.id for version in alone]


def test_a_task_that_was_killed_is_run_again(project: Path) -> None:
    (project / "more").mkdir()
    (project / "more" / "killing.py").write_text(KILLED, encoding="utf-8")
    make(project, ["exact_duplicates", "killed"], plugins=["more"])
    path = written(2, WORKERS="1")
    assert ran(path)[0] == -signal.SIGKILL
    assert (project / "more" / "killing.once").exists()
    assert [version.role for version in versions()] == ["evaluation"]
    code, said = ran(path)
    assert code == 0, said
    assert "Skipping 1 already completed tasks" in said
    recorded = [version.id for version in versions()]
    shutil.rmtree(".qlora_gov")
    assert [version.id for version in built()] == recorded


def test_slurm_runs_each_stage_after_the_one_before(project: Path) -> None:
    make(project, ["held_out_leak"])
    programs = project / "programs"
    programs.mkdir()
    for name, text in {"sbatch": SBATCH.format(python=sys.executable), "scontrol": "#!/bin/sh\necho here\n"}.items():
        (programs / name).write_text(text, encoding="utf-8")
        (programs / name).chmod(stat.S_IRWXU)
    code, said = ran(written(2, executor="slurm"), PATH=f"{programs}:{os.environ['PATH']}")
    assert code == 0, said
    submitted = [line for line in Path("submitted").read_text().splitlines() if "launch_pickled" in line]
    assert [line.partition("--array=")[2].split()[0] for line in submitted] == ["0-0%1", "0-1%2", "0-0%1"]
    assert [line.partition("--dependency=")[2].split()[0] for line in submitted[1:]] == ["afterok:1", "afterok:3"]
    assert all(f"source {sys.prefix}/bin/activate" in line for line in submitted)
    recorded = [version.id for version in versions()]
    shutil.rmtree(".qlora_gov")
    assert [version.id for version in built()] == recorded


def test_ray_is_given_the_same_stages(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is built is looked at, and nothing run."""
    monkeypatch.setenv("LOGURU_DIAGNOSE", "NO")  # the file sets it, for good
    make(project, ["held_out_leak"])
    ray = runpy.run_path(str(written(5, WORKERS="3")))["ray"]
    last = None
    for stage in stages_of(project, Path("spread"), 5):
        last = ray(stage, last)
    assert last is not None
    chain = (last, last.depends, last.depends.depends)
    assert [executor.pipeline[0].name for executor in chain] == ["02-training", "01-passage-0", "00-evaluation"]
    assert [(executor.tasks, executor.workers) for executor in chain] == [(1, 1), (5, 3), (1, 1)]


def test_a_row_at_fault_is_named_by_its_file_and_line(project: Path) -> None:
    with (project / "people.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"prompt": "What?"}\n')
    with pytest.raises(DataError, match=r"^people\.jsonl:241: "):
        in_order(stages_of(project, project / "spread", 2))


def test_what_changes_while_it_runs_is_refused(project: Path) -> None:
    first, second, *_ = stages_of(project, project / "spread", 2)
    first()
    write_rows(project / "people.jsonl", rows(3, "New"))
    with pytest.raises(ProjectError, match=r"or its data has changed meanwhile; start the pipeline anew$"):
        second(None, 0, 2)


def test_what_is_on_record_is_not_done_again_and_what_was_lost_is(project: Path) -> None:
    make(project, ["exact_duplicates"])
    in_order(stages_of(project, project / "spread", 1))
    recorded = versions()
    assert stages_of(project, project / "spread", 1) == []
    shutil.rmtree(".qlora_gov")
    in_order(stages_of(project, project / "spread", 1))
    assert [version.id for version in versions()] == [version.id for version in recorded]


def test_a_file_that_is_there_is_left_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(2)
    assert run(["data", "export", "--datatrove", "--to", "spread"]) == 2
    assert f"{path} exists; it is left as it is" in capsys.readouterr().err
    assert run(["data", "export", "--datatrove", "--to", "people.jsonl/spread"]) == 13
