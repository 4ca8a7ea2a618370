"""Detoxify through a tiny checkpoint of random weights, against Detoxify's own prediction."""

from __future__ import annotations

import itertools
import shutil

import pytest
import torch
from pydantic import ValidationError
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from qlora_gov import ModelError
from qlora_gov_guardrails import TOXICITY
from qlora_gov_guardrails.toxicity import Toxicity, ToxicitySettings

CLASSES = ["toxic", "severe_toxic", "insult"]
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (*SPECIAL, "you", "are", "a", "kind", "person", "and", "the", "fee", "is", "five", "euros", ".", "!")
LENGTH = 16


def write_checkpoint(directory, classes=CLASSES, dtype=torch.float32, **more: object) -> None:
    """A whole checkpoint directory in Detoxify's layout; the same weights for the same classes."""
    directory.mkdir(exist_ok=True)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=LENGTH, num_labels=len(classes), initializer_range=0.5,
    )  # fmt: skip
    model = BertForSequenceClassification(config).to(dtype)
    config.save_pretrained(directory)
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    BertTokenizer(vocab=vocabulary, model_max_length=LENGTH).save_pretrained(directory)
    arguments = {
        "num_classes": len(classes),
        "model_type": str(directory),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    settings = {"arch": {"args": arguments}, "dataset": {"args": {"classes": list(classes)}}}
    torch.save({"config": settings, "state_dict": model.state_dict(), **more}, directory / "toxicity.ckpt")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    directory = tmp_path_factory.mktemp("detoxify") / "weights"
    write_checkpoint(directory)
    return directory


@pytest.fixture(scope="module")
def everything(weights):
    """Reports every label of every window."""
    return Toxicity(ToxicitySettings(weights=weights, threshold=0))


TEXTS = ["you are a kind person !", "the fee is five euros", "you", "the the the fee fee", "é ¿ unknown words"]


def test_scores_equal_detoxifys_own(everything, weights):
    from detoxify import Detoxify

    expected = Detoxify(checkpoint=str(weights / "toxicity.ckpt"), huggingface_config_path=str(weights)).predict(TEXTS)
    for index, findings in enumerate(everything.detect(TEXTS)):
        scores = {finding.kind: finding.score for finding in findings}
        assert scores == pytest.approx({label: values[index] for label, values in expected.items()}, abs=1e-5)
    assert set(scores) == {"toxicity", "severe_toxicity", "insult"}
    assert max(map(max, expected.values())) - min(map(min, expected.values())) > 0.1  # the texts are told apart


def test_findings_reach_the_threshold_span_the_text_and_come_in_order(everything, weights):
    all_scores = sorted(finding.score for findings in everything.detect(TEXTS) for finding in findings)
    threshold = all_scores[len(all_scores) // 2]
    found = Toxicity(ToxicitySettings(weights=weights, threshold=threshold)).detect(TEXTS)
    scores = sorted(finding.score for findings in found for finding in findings)
    assert scores == pytest.approx(all_scores[len(all_scores) // 2 :])
    for text, findings in zip(TEXTS, found, strict=True):
        assert {(finding.start, finding.end) for finding in findings} <= {(0, len(text))}
        assert [finding.kind for finding in findings] == sorted(finding.kind for finding in findings)


def test_the_same_whatever_the_company(everything):
    together = everything.detect([*TEXTS, "", *TEXTS])
    assert together[len(TEXTS)] == []
    assert everything.detect([]) == []
    for text, first, again in zip(TEXTS, together, together[len(TEXTS) + 1 :], strict=False):
        [alone] = everything.detect([text])
        for findings in (first, again):
            assert [(f.kind, f.start, f.end) for f in findings] == [(f.kind, f.start, f.end) for f in alone]
            assert [f.score for f in findings] == pytest.approx([f.score for f in alone], abs=1e-6)


def test_a_long_text_is_read_to_its_end_in_overlapping_windows(everything):
    text = "the fee is five euros . " * 10 + "you !"
    [findings] = everything.detect([text])
    spans = sorted({(finding.start, finding.end) for finding in findings})
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(following[0] < span[1] for span, following in itertools.pairwise(spans))
    piece = text[slice(*spans[1])]
    [alone] = everything.detect([piece])
    window = [finding for finding in findings if (finding.start, finding.end) == spans[1]]
    assert [f.score for f in window] == pytest.approx([f.score for f in alone], abs=1e-6)


def test_the_directory_may_move(weights, everything, tmp_path):
    shutil.copytree(weights, tmp_path / "moved")
    moved = Toxicity(ToxicitySettings(weights=tmp_path / "moved", threshold=0))
    assert moved.detect(TEXTS) == everything.detect(TEXTS)


def test_half_precision_weights_are_computed_in_full(everything, tmp_path, capfd):
    write_checkpoint(tmp_path / "half", dtype=torch.float16)
    half = Toxicity(ToxicitySettings(weights=tmp_path / "half", threshold=0))
    scores = [f.score for findings in half.detect(TEXTS) for f in findings]
    assert scores == pytest.approx([f.score for findings in everything.detect(TEXTS) for f in findings], abs=5e-3)
    assert scores != torch.tensor(scores).half().tolist()
    assert capfd.readouterr().err == ""  # no progress bar either


class Payload:
    """Unpickles by running code."""

    def __reduce__(self):
        return (pytest.fail, ("code within the checkpoint was run",))


def test_a_checkpoint_that_runs_code_is_refused(tmp_path):
    write_checkpoint(tmp_path / "weights", payload=Payload())
    with pytest.raises(ModelError, match="not a usable Detoxify checkpoint: it is damaged, or holds more than weights"):
        Toxicity(ToxicitySettings(weights=tmp_path / "weights")).detect(["x"])


def test_what_older_versions_stored_beside_the_weights_is_no_weight(everything, tmp_path):
    write_checkpoint(tmp_path / "weights")
    ids = {"bert.embeddings.position_ids": torch.arange(LENGTH)}
    edit_weights(lambda state: state.update(ids))(tmp_path / "weights")
    older = Toxicity(ToxicitySettings(weights=tmp_path / "weights", threshold=0))
    assert older.detect(TEXTS) == everything.detect(TEXTS)


def damage_by_removal(directory):
    (directory / "toxicity.ckpt").unlink()


def damage_by_layout(directory):
    torch.save({"state_dict": {}}, directory / "toxicity.ckpt")


def damage_by_noise(directory):
    (directory / "toxicity.ckpt").write_bytes(b"noise")


def edit_weights(edit):
    def damage(directory):
        path = directory / "toxicity.ckpt"
        checkpoint = torch.load(path, weights_only=True)
        edit(checkpoint["state_dict"])
        torch.save(checkpoint, path)

    return damage


def renamed(state):
    state["classifier.heavy"] = state.pop("classifier.weight")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (edit_weights(lambda state: state.pop("classifier.bias")), "it lacks the weights classifier.bias"),
        (edit_weights(lambda state: state.clear()), "it lacks the weights bert.embeddings.LayerNorm.bias and"),
        (edit_weights(renamed), "it lacks the weights classifier.weight"),
        (
            edit_weights(lambda state: state.update(more=torch.ones(1))),
            "it holds, unknown to its model, the weights more",
        ),
        (edit_weights(lambda state: state["classifier.bias"].fill_(torch.nan)), "its weights classifier.bias were not"),
        (damage_by_removal, "No such file or directory"),
        (damage_by_layout, "it lacks one of state_dict, config"),
        (damage_by_noise, "it is damaged, or holds more"),
    ],
)
def test_a_directory_that_holds_no_checkpoint_is_one_line_in_words(tmp_path, damage, said):
    write_checkpoint(tmp_path / "weights")
    damage(tmp_path / "weights")
    with pytest.raises(ModelError, match=r"toxicity\.ckpt: not a usable Detoxify checkpoint") as caught:
        Toxicity(ToxicitySettings(weights=tmp_path / "weights")).detect(["x"])
    assert said in str(caught.value)
    assert "Error" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_must_have_the_label_that_the_spec_covers(tmp_path):
    assert TOXICITY.covers == ("toxicity",)
    write_checkpoint(tmp_path / "weights", classes=["insult", "threat"])
    with pytest.raises(ModelError, match="has no label 'toxicity', only insult, threat"):
        Toxicity(ToxicitySettings(weights=tmp_path / "weights")).detect(["x"])


def test_a_published_checkpoint_that_cannot_be_fetched_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(ModelError, match="'original-small': cannot be fetched or loaded; name a directory") as caught:
        Toxicity(ToxicitySettings(checkpoint="original-small")).detect(["x"])
    assert "URLError" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", [{}, {"weights": ".", "checkpoint": "original"}])
def test_settings_choose_one_model_and_nothing_stands_in_for_it(tmp_path, values):
    with pytest.raises(ValidationError, match="set either weights"):
        ToxicitySettings.model_validate(values, context={"root": tmp_path})
