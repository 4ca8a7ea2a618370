"""The file by which a project's data is curated past one machine: a pipeline of datatrove that a person edits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

_PIPELINE = Template('''\
"""Curates data by datatrove, here, on Slurm or on Ray; `qlora-gov data export --datatrove` wrote this file.

Edit what stands below for your cluster, then run it where jobs are started from: python pipeline.py
Run it again after a failure: what has ended is not done again. `qlora-gov data list` shows the versions in the end.
"""

import os
import sys
from pathlib import Path

os.environ["LOGURU_DIAGNOSE"] = "NO"  # or logs would show values beside a traceback, and so what rows say

from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor, SlurmPipelineExecutor
from datatrove.executor.base import PipelineExecutor

from qlora_gov.pipeline.datatrove import Stage, stages_of

# Every task sees the project and the shared directory under these paths.
PROJECT = Path($project)
PLUGINS = [$plugins]
SHARED = Path(__file__).parent  # what tasks hand to each other, and their logs

TASKS = $tasks  # how many share the rows; where there are as many sources, each task reads its own
WORKERS = $tasks  # how many of them run at once


def local(stage: Stage, before: PipelineExecutor | None) -> PipelineExecutor:
    """Run a stage on this machine."""
    return LocalPipelineExecutor(
        [stage],
        tasks=stage.tasks,
        workers=min(WORKERS, stage.tasks),
        logging_dir=stage.logs,
        depends=before,
    )


def slurm(stage: Stage, before: PipelineExecutor | None) -> PipelineExecutor:
    """Submit a stage as an array job that waits for the one before."""
    return SlurmPipelineExecutor(
        [stage],
        tasks=stage.tasks,
        workers=min(WORKERS, stage.tasks),
        partition="cpu",
        time="04:00:00",
        cpus_per_task=1,
        mem_per_cpu_gb=4,
        venv_path=f"{sys.prefix}/bin/activate",
        job_name=f"curate-{stage.name}",
        logging_dir=stage.logs,
        depends=before,
    )


def ray(stage: Stage, before: PipelineExecutor | None) -> PipelineExecutor:
    """Run a stage on the cluster at RAY_ADDRESS, or on this machine."""
    return RayPipelineExecutor(
        [stage],
        tasks=stage.tasks,
        workers=min(WORKERS, stage.tasks),
        cpus_per_task=1,
        mem_per_cpu_gb=4,
        logging_dir=stage.logs,
        depends=before,
    )


executor = local  # or slurm, or ray


def main() -> None:
    """Run or submit every stage, each after the one before."""
    if executor is ray:
        import ray as cluster

        cluster.init(runtime_env={"env_vars": {"LOGURU_DIAGNOSE": "NO"}})
    last = None
    for stage in stages_of(PROJECT, SHARED, TASKS, PLUGINS):
        last = executor(stage, last)
    if last is None:
        print("these versions are on record; nothing is done again")
    else:
        last.run()


if __name__ == "__main__":
    main()
''')


def pipeline_file(project: Path, plugins_dirs: Sequence[Path], tasks: int) -> str:
    """The text of the file for a project file, more directories of plugins, and so many tasks."""
    plugins = ", ".join(f"Path({str(directory.resolve())!r})" for directory in plugins_dirs)
    return _PIPELINE.substitute(project=repr(str(project.resolve())), plugins=plugins, tasks=tasks)
