"""Examples from a data set of the Hugging Face hub, or from a directory laid out like one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from qlora_gov import DataError, Example, ProjectDirectory
from qlora_gov_data.arrow import load_rows, one_line
from qlora_gov_data.rows import RowSettings, read_examples


class HubSettings(RowSettings):
    """A data set by its id on the hub and its commit, or a directory; and which part of it."""

    dataset: str | None = Field(default=None, description="its id on the hub")
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = Field(
        default=None, description="the commit to read, 40 hexadecimal digits"
    )
    directory: ProjectDirectory | None = Field(default=None, description="a directory instead, laid out like one")
    subset: str | None = Field(default=None, description="a configuration of the data set, where it has several")
    split: str = Field(default="train", description="the split to read")

    @model_validator(mode="after")
    def _names_one_fixed_place(self) -> HubSettings:
        if (self.dataset is None) == (self.directory is None):
            raise ValueError("set either 'dataset', an id on the hub, or 'directory'")
        if (self.dataset is None) != (self.revision is None):
            raise ValueError("'dataset' needs a 'revision', the commit to read (40 hexadecimal digits), and only it")
        return self


class Hub:
    """Reads one split of a data set, from its files at one commit.

    The files are fetched as a snapshot of the repository, into the hub's own cache, and loaded from there: without
    a network, ``datasets.load_dataset`` takes the latest revision in its cache, whichever was asked for.
    """

    def __init__(self, settings: HubSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their rows, counted from 1.

        Raises:
            DataError: The data set cannot be fetched or loaded or holds nothing, or a row is not an example.
        """
        wanted = self._settings
        directory = wanted.directory or self._snapshot()
        address = "/".join(filter(None, (wanted.dataset or directory.name, wanted.subset, wanted.split)))
        rows = load_rows(address, str(directory), name=wanted.subset, split=wanted.split)
        return read_examples(address, rows, wanted)

    def _snapshot(self) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        dataset, revision = self._settings.dataset, self._settings.revision
        assert dataset is not None, "the settings name a data set or a directory"
        try:
            return Path(snapshot_download(dataset, repo_type="dataset", revision=revision))
        # What comes depends on the network, the account and the HTTP library.
        except Exception as error:
            away = isinstance(error, LocalEntryNotFoundError)
            why = "the hub cannot be reached, and the local cache has no whole copy" if away else one_line(error)
            raise DataError(
                f"{dataset}: cannot be fetched at {revision}; name a local copy as 'directory': {why}"
            ) from error
