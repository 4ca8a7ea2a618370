"""Whose answers a log holds: what it says of that, held against what whoever imports it says."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.canonical import file_id
from qlora_gov.errors import DataError
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.records import Adapter
from qlora_gov.records.adapter import CONFIG, WEIGHTS


def refuse_other_answerer(imported: ImportedEvaluation, adapter: Adapter | None) -> None:
    """Raise DataError where a log says otherwise than who is said to have answered: ``adapter``, or none."""
    log, named = imported.files[0], imported.adapter_name
    if imported.adapter and adapter is None:
        which = f"the adapter {named!r}" if named else "an adapter"
        raise DataError(f"{log}: by the log {which} answered, not the base; give its directory with --adapter")
    if imported.adapter is False and adapter is not None:
        raise DataError(
            f"{log}: by the log no adapter answered, but {imported.model!r} alone; import it without --adapter, or the "
            "log of a run that loads the adapter (a model that it was merged into is another subject)"
        )
    if adapter is not None and (there := _at_hand(imported)) is not None and not _same(there, adapter):
        raise DataError(f"{log}: by the log the adapter in {there} answered, whose files are not those of --adapter")


def unshown(imported: ImportedEvaluation, adapter: Adapter | None) -> str | None:
    """What the log does not show of who answered, in a sentence; None where it shows all of it."""
    if imported.adapter is None:
        who = "this adapter" if adapter else "the base without an adapter"
        return (
            f"the log names {imported.model!r} and cannot tell whether an adapter answered; that {who} did is a claim"
        )
    if adapter is None or _at_hand(imported) is not None:
        return None
    if imported.adapter_name is None:
        return "the log does not name the adapter that answered; that it was this one is a claim"
    return f"the log names the adapter {imported.adapter_name!r}, which is not at hand; that it is this one is a claim"


def _at_hand(imported: ImportedEvaluation) -> Path | None:
    """The directory of the adapter that a log names, where it lies here."""
    if imported.adapter_name is None:
        return None
    path = Path(imported.adapter_name).expanduser()
    return path if (path / CONFIG).is_file() else None


def _same(directory: Path, adapter: Adapter) -> bool:
    """Whether a directory holds the two files by which an adapter answers."""
    recorded = {name: adapter.files.get(name) for name in (CONFIG, WEIGHTS)}
    return all((directory / name).is_file() and file_id(directory / name) == one for name, one in recorded.items())
