from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import huggingface_hub.constants
import pytest
from pydantic import ValidationError

from qlora_gov import DataError
from qlora_gov_data.hub import Hub, HubSettings
from qlora_gov_data.rows import example_of

COMMIT, OTHER = "0123456789" * 4, "f" * 40


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A directory with two subsets, as the card of a data set declares them."""
    directory = tmp_path / "faq"
    card = "configs: [{config_name: cards, data_files: 'cards/*'}, {config_name: loans, data_files: 'loans/*'}]"
    for subset, count in (("cards", 3), ("loans", 1)):
        (directory / subset).mkdir(parents=True)
        rows = [{"prompt": f"{subset} {n}?", "response": "Yes."} for n in range(count)]
        (directory / subset / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (directory / "README.md").write_text(f"---\n{card}\n---\n")
    return directory


@pytest.fixture
def cached(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub's cache, as it stands once the data set was fetched at one commit."""
    snapshot = tmp_path / "hub" / "datasets--acme--faq" / "snapshots" / COMMIT
    snapshot.parent.mkdir(parents=True)
    dataset.rename(snapshot)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_reads_a_subset_of_a_directory(dataset: Path) -> None:
    examples = list(Hub(HubSettings(directory=dataset, subset="cards")).read())

    assert [example.question for example in examples] == ["cards 0?", "cards 1?", "cards 2?"]
    assert [example.source for example in examples] == [f"faq/cards/train:{row}" for row in (1, 2, 3)]


DATES = ["2024-01-02", "2024-01-02T10:00:00Z", "2024-01-02T10:00:00+05:30", "2024-01-02 10:00"]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("place", ["pair", "turns", "extra"])
def test_a_text_that_looks_like_a_time_stays_as_it_is(tmp_path: Path, date: str, array: bool, place: str) -> None:
    """The library reads such a column as times, and shifts those of other zones."""
    turns = [{"role": "user", "content": date}, {"role": "assistant", "content": date}]
    row = {
        "pair": {"prompt": "When?", "response": date},
        "turns": {"messages": turns},
        "extra": {"prompt": "Now?", "response": "Yes.", "asked": {"at": [date]}},
    }[place]
    rows = [{**row, "number": n} for n in range(3)]
    text = json.dumps(rows) if array else "".join(f"{json.dumps(row)}\n" for row in rows)
    (tmp_path / "train.jsonl").write_text(text)
    (tmp_path / "test.jsonl").write_text(json.dumps(row))
    examples = list(Hub(HubSettings(directory=tmp_path)).read())
    expected = [example_of(row, f"{tmp_path.name}/train:{n}") for n, row in enumerate(rows, start=1)]
    assert examples == expected


def test_texts_that_look_like_times_and_cannot_be_kept_are_an_error(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "train.jsonl.gz", "wt") as stream:
        stream.write('{"prompt": "When?", "response": "2024-01-02"}\n')
    with pytest.raises(DataError, match="'response' holds texts that look like times"):
        list(Hub(HubSettings(directory=tmp_path)).read())
    (tmp_path / "train.jsonl.gz").unlink()
    (tmp_path / "train.jsonl").write_text('{"prompt": "When?", "response": "2024-01-02"}\n' * 2)
    with pytest.raises(DataError, match="'response' holds texts that look like times"):
        list(Hub(HubSettings(directory=tmp_path, split="train[:1]")).read())


@pytest.mark.usefixtures("cached")
def test_reads_a_fetched_data_set_without_a_network() -> None:
    examples = list(Hub(HubSettings(dataset="acme/faq", revision=COMMIT, subset="loans")).read())

    assert [example.source for example in examples] == ["acme/faq/loans/train:1"]


@pytest.mark.usefixtures("cached")
@pytest.mark.parametrize(("name", "revision"), [("acme/faq", OTHER), ("acme/other", COMMIT)])
def test_never_reads_another_revision_than_the_one_named(name: str, revision: str) -> None:
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    with pytest.raises(DataError, match=f"^{name}: cannot be fetched at {revision}; name a local copy") as caught:
        list(Hub(HubSettings(dataset=name, revision=revision)).read())
    assert str(caught.value).endswith("'directory': the hub cannot be reached, and the local cache has no whole copy")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"subset": "cards", "split": "test"}, 'faq/cards/test: cannot be loaded: Unknown split "test"'),
        ({"subset": "cars"}, "faq/cars/train: cannot be loaded: BuilderConfig 'cars' not found"),
        ({}, "faq/train: cannot be loaded: Config name is missing"),
    ],
)
def test_an_unknown_part_is_an_error(dataset: Path, choice: dict[str, str], message: str) -> None:
    with pytest.raises(DataError) as caught:
        list(Hub(HubSettings(directory=dataset, **choice)).read())
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_directory_without_data_and_one_with_broken_data_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be loaded: The directory at .* doesn't contain any data files"):
        list(Hub(HubSettings(directory=tmp_path)).read())
    (tmp_path / "train.jsonl").write_text('{"prompt": "Why?", "response": "x"}\n{oops\n')
    with pytest.raises(DataError, match="cannot be loaded: JSON parse error"):
        list(Hub(HubSettings(directory=tmp_path)).read())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "set either 'dataset', an id on the hub, or 'directory'"),
        ({"dataset": "acme/faq", "revision": COMMIT, "directory": "."}, "set either 'dataset'"),
        ({"dataset": "acme/faq"}, "'dataset' needs a 'revision'"),
        ({"directory": ".", "revision": COMMIT}, "'dataset' needs a 'revision', .*, and only it"),
        ({"dataset": "acme/faq", "revision": "main"}, "should match pattern"),
    ],
)
def test_settings_name_one_fixed_place(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HubSettings.model_validate(settings)
