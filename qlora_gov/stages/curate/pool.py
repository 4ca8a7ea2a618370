"""Batches in several processes, with the same result as in one."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from pathlib import Path

from qlora_gov.errors import PluginError
from qlora_gov.plugin.discovery import discover
from qlora_gov.stages.curate.passing import Batch, Passage, Passed, passed

ALONE = 4
"""As many batches or fewer are done in this process: others would first have to load what the steps need."""

_AHEAD = 2  # batches of each process that are read before they are asked for


def passed_all(
    batches: Iterable[Batch], passage: Passage, processes: int, directories: Sequence[Path] = ()
) -> Iterator[Passed]:
    """Each batch's result, in the order of the batches.

    Steps that cannot be sent to another process stay in this one; ``directories`` are where else plugins come from.
    """
    rest = iter(batches)
    first = list(islice(rest, ALONE + 1))
    form = _form(passage) if processes > 1 and len(first) > ALONE else None
    if form is None:
        yield from (passed(batch, passage) for batch in chain(first, rest))
        return
    libraries = [name for _, step in passage.steps for name in step.requires]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([passed.__module__, *dict.fromkeys(libraries)])  # loaded once, not by each
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(form, directories)) as pool:
        waiting: deque[Future[Passed]] = deque()
        try:
            for batch in chain(first, rest):
                waiting.append(pool.submit(_work, batch))
                if len(waiting) > _AHEAD * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise PluginError(
                "a process of the curation ended without a word, as one does that runs out of memory; nothing of it is "
                "kept, and '--processes 1' needs less"
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def _form(passage: Passage) -> bytes | None:
    try:
        return pickle.dumps(passage, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a plugin's object may raise anything
        return None


_PASSAGE: list[Passage] = []


def _begin(form: bytes, directories: Sequence[Path]) -> None:
    """Make a new process ready. It ends with the one that began it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if directories:
        discover(directories)
    _PASSAGE.append(pickle.loads(form))  # noqa: S301 - what the process that began this one has just written


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(batch: Batch) -> Passed:
    return passed(batch, _PASSAGE[0])
