from __future__ import annotations

import pytest

from qlora_gov.cli import progress
from qlora_gov.cli.progress import TerminalProgress, Waiting


def test_waiting_is_told_at_once_and_then_every_ten_seconds_in_a_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    waiting = Waiting()
    for _ in range(125):  # five times a second for 25 seconds
        waiting(now - 100)
        now += 0.2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "waiting for the ledger, held by another process (0 s)"
    assert len(said) == 3


def test_a_log_tells_the_time_left_and_that_of_a_step_by_what_this_run_did(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    shown = TerminalProgress()
    shown._bars.get_time = lambda: now
    shown.begin("training", 300)
    shown.advance(100)  # of an earlier run
    for _ in range(4):
        now += 6
        shown.advance(1, "loss 2.345")
    assert capsys.readouterr().err.splitlines() == [
        "training ...",
        "training: 102 of 300, 0:19:48 left, 6.0 s each  loss 2.345",
        "training: 104 of 300, 0:19:36 left, 6.0 s each  loss 2.345",
    ]


def test_a_line_for_people_stays_and_cannot_forge_another(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as shown:
        shown.tell("recipe: [bold]rank\n16[/bold] " + "x" * 100)
    assert capsys.readouterr().err == f"recipe: [bold]rank 16[/bold] {'x' * 100}\n"


def work(error: BaseException) -> None:
    """Some work that ends in an error after 12 of 300 units."""
    with TerminalProgress() as shown:
        shown.begin("training", 300)
        shown.advance(12)
        raise error


def test_what_interrupts_is_told_where() -> None:
    stop = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        work(stop)
    assert stop.__notes__ == ["while training (12 of 300)"]


def test_another_error_is_told_as_it_is() -> None:
    error = ValueError("x")
    with pytest.raises(ValueError, match="x"):
        work(error)
    assert not hasattr(error, "__notes__")
