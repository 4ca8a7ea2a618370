"""A pass of packed rows against transformers' own, for the families of models that people train."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch

from qlora_gov.models.chat import IGNORED, Tokenised
from qlora_gov_trainers.step.attention import NAME, Asked, attend, register
from qlora_gov_trainers.step.linear import Dropout
from qlora_gov_trainers.step.model import Ready, make_ready
from qlora_gov_trainers.step.packs import Pack, packed, passes

WIDTHS = {"vocab_size": 96, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
GROUPS = {**WIDTHS, "num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8, "pad_token_id": 0}
FAMILIES: Mapping[str, tuple[Mapping[str, Any], bool]] = {
    "llama": (GROUPS, True),
    "llama, tied": ({**GROUPS, "tie_word_embeddings": True}, True),  # as SmolLM
    "mistral": ({**GROUPS, "sliding_window": 5}, True),
    "qwen2": (GROUPS, True),
    "qwen3": (GROUPS, False),
    "gemma2": ({**GROUPS, "sliding_window": 5}, False),
    "gemma3_text": ({**GROUPS, "sliding_window": 5}, False),
    "phi3": (GROUPS, False),
    "gpt2": ({"vocab_size": 96, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}, False),
    "opt": ({**WIDTHS, "ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 64}, False),
    "gpt_neox": ({**WIDTHS, "intermediate_size": 48}, False),
    "falcon": ({**WIDTHS, "new_decoder_architecture": False, "multi_query": True}, False),
}
"""Each family's configuration, and whether its decoder layers are replaced whole."""

DROPOUTS = (
    "attention_dropout",
    "dropout",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
    "hidden_dropout",
    "activation_dropout",
)


def row(length: int, seed: int) -> Tokenised:
    """Random tokens, of which those after the third carry loss."""
    ids = torch.randint(1, 96, (length,), generator=torch.Generator().manual_seed(seed)).tolist()
    return Tokenised(ids, [IGNORED] * 3 + ids[3:])


pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

ROWS = [row(length, seed) for seed, length in enumerate((11, 4, 17, 9))]


def base_of(family: str, added: int = 0) -> Any:
    """A tiny model of a family without dropout, of whose 96 tokens so many were added to those of its configuration."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    settings = FAMILIES[family][0]
    config = AutoConfig.for_model(family.split(",")[0], **{**settings, "vocab_size": settings["vocab_size"] - added})
    for name in DROPOUTS:
        if hasattr(config, name):
            setattr(config, name, 0.0)
    model = AutoModelForCausalLM.from_config(config)
    if added:
        model.resize_token_embeddings(settings["vocab_size"], mean_resizing=False)
    return model


def adapted(base: Any, targets: str | Sequence[str] = "all-linear", **settings: Any) -> Any:
    """A model with a fresh LoRA adapter, in training."""
    from peft import LoraConfig, get_peft_model

    named = targets if isinstance(targets, str) else list(targets)
    fan = {"fan_in_fan_out": True} if base.config.model_type == "gpt2" else {}
    config = LoraConfig(r=3, lora_alpha=6, target_modules=named, task_type="CAUSAL_LM", **fan, **settings)
    return get_peft_model(base, config).train()


def changed(model: Any) -> Any:
    """The model, whose adapter changes something from now on."""
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))) * 0.1)
    return model


def model_of(family: str, targets: str | Sequence[str] = "all-linear", **settings: Any) -> Any:
    """A tiny model of a family with an adapter that changes something."""
    return changed(adapted(base_of(family), targets, **settings))


def gradients(model: Any, loss: Callable[[], torch.Tensor]) -> tuple[float, dict[str, torch.Tensor]]:
    """A loss, and the gradient of each trained parameter."""
    model.zero_grad()
    value = loss()
    value.backward()
    return value.item(), {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def transformers_own(model: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """Each row by itself, as the model's own forward pass has it."""

    def loss() -> torch.Tensor:
        total = torch.zeros(())
        for one in ROWS:
            logits = model(input_ids=torch.tensor([one.ids])).logits[0, :-1]
            total = total + torch.nn.functional.cross_entropy(logits, torch.tensor(one.labels[1:]), reduction="sum")
        return total

    return gradients(model, loss)


def ours(model: Any, ready: Ready) -> tuple[float, dict[str, torch.Tensor]]:
    """All rows in a pass, or each in one of its own where the model takes no more."""
    groups = [ROWS] if ready.packs else [[one] for one in ROWS]
    return gradients(model, lambda: sum((model(**packed(group))["loss"] for group in groups), torch.zeros(())))


def assert_same(got: tuple[float, dict[str, torch.Tensor]], expected: tuple[float, dict[str, torch.Tensor]]) -> None:
    """Alike but for the order of sums."""
    assert got[0] == pytest.approx(expected[0], rel=1e-5)
    assert got[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        assert (got[1][name] - gradient).norm() <= 1e-4 * gradient.norm() + 1e-7, name


@pytest.mark.parametrize("family", FAMILIES)
def test_a_pass_has_the_loss_and_the_gradients_of_transformers(family: str) -> None:
    expected = transformers_own(model_of(family))
    model = model_of(family)
    ready = make_ready(model, 0.0)
    assert bool(ready.layers) is FAMILIES[family][1]
    assert_same(ours(model, ready), expected)


def test_what_no_family_of_ours_does_takes_a_row_at_a_time() -> None:
    """Gemma 2 caps the scores of its attention, which ours does not."""
    assert not make_ready(model_of("gemma2"), 0.0).packs
    assert make_ready(model_of("gemma3_text"), 0.0).packs


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), ("down_proj",), ("gate_proj", "o_proj"), "all-linear"])
@pytest.mark.parametrize("way", ["kept", "gates again", "all again"])
def test_what_is_computed_again_has_the_same_gradients(targets: str | Sequence[str], way: str) -> None:
    expected = transformers_own(model_of("llama", targets))
    model = model_of("llama", targets)
    ready = make_ready(model, 0.0)
    for layer in ready.layers:
        layer.keep, layer.again = way == "kept", way == "all again"
    assert_same(ours(model, ready), expected)


@pytest.mark.parametrize(
    "settings", [{"use_dora": True}, {"use_rslora": True}, {"use_dora": True, "use_rslora": True}], ids=str
)
@pytest.mark.parametrize("family", ["llama, tied", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "phi3"])
def test_other_ways_to_adapt_have_the_same_gradients(family: str, settings: Mapping[str, bool]) -> None:
    """What was made ready while the adapter was fresh, when all ways give the same, and with tokens that were added."""
    expected = transformers_own(changed(adapted(base_of(family, added=6), **settings)))
    model = adapted(base_of(family, added=6), **settings)
    ready = make_ready(model, 0.0)
    assert bool(ready.layers) is (FAMILIES[family][1] and "use_dora" not in settings)
    assert_same(ours(changed(model), ready), expected)


def test_a_row_is_not_changed_by_its_neighbours() -> None:
    model = model_of("llama").eval()
    make_ready(model, 0.0)

    def hidden(rows: Sequence[Tokenised]) -> torch.Tensor:
        inputs = packed(rows)
        core = model.get_base_model().get_decoder()
        with torch.no_grad():
            return core(input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], pack=inputs["pack"])[0][0]

    before = hidden(ROWS)
    after = hidden([ROWS[0], row(4, 50), ROWS[2], ROWS[3]])
    assert torch.equal(before[:11], after[:11])
    assert torch.equal(before[15:], after[15:])
    assert not torch.equal(before[11:15], after[11:15])


class Seeded(torch.nn.Module):
    """peft's place for dropout, with the masks that ours draws."""

    def __init__(self, drop: Dropout) -> None:
        super().__init__()
        self.drop = drop

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.drop(torch.ones_like(x[0]))


@pytest.mark.parametrize("way", ["kept", "gates again", "all again"])
def test_dropout_drops_again_what_it_dropped(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held against peft's own layers, with the same masks; queries, keys and values share one, gate and up another."""
    names = {"q_proj": 0, "k_proj": 0, "v_proj": 0, "o_proj": 1, "gate_proj": 2, "up_proj": 2, "down_proj": 3}
    reference = model_of("llama")
    for name, module in reference.named_modules():
        if hasattr(module, "lora_dropout"):
            layer, kind = int(name.split(".layers.")[1].split(".")[0]), name.rsplit(".", 1)[1]
            module.lora_dropout["default"] = Seeded(Dropout(0.3, 4 * layer + names[kind]))
    core = reference.get_base_model()
    register()
    core.set_attn_implementation(NAME)

    def loss() -> torch.Tensor:
        inputs = packed(ROWS)
        hidden = core.get_decoder()(
            input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], pack=inputs["pack"]
        ).last_hidden_state[0]
        return torch.nn.functional.cross_entropy(core.lm_head(hidden)[inputs["at"]], inputs["labels"], reduction="sum")

    expected = gradients(reference, loss)
    model = model_of("llama")
    ready = make_ready(model, 0.3)
    for part in ready.layers:
        part.keep, part.again = way == "kept", way == "all again"
    seeds = iter(range(8))
    monkeypatch.setattr(Dropout, "drawn", classmethod(lambda cls, share: cls(share, next(seeds))))
    assert_same(gradients(model, lambda: model(**packed(ROWS))["loss"]), expected)


def test_dropout_keeps_the_mean_and_is_drawn_anew() -> None:
    ones = torch.ones(200, 500)
    kept = Dropout(0.05, 3)(ones)
    assert (kept == 0).float().mean() == pytest.approx(0.05, abs=0.003)
    assert kept.mean() == pytest.approx(1, abs=0.003)
    assert torch.equal(kept, Dropout(0.05, 3)(ones))
    assert torch.equal(Dropout(0.05, 3)(ones, onto=ones.clone()), 1 + kept)
    torch.manual_seed(1)
    assert len({Dropout.drawn(0.1).seed for _ in range(20)}) == 20


def test_rows_are_shared_among_passes_once_each() -> None:
    rows = [row(length, length) for length in (30, 7, 7, 15, 22, 60, 3, 11)]
    shared = list(passes(rows, 40))
    assert sorted(len(one.ids) for group in shared for one in group) == [3, 7, 7, 11, 15, 22, 30, 60]
    assert all(sum(len(one.ids) for one in group) <= 40 or len(group) == 1 for group in shared)
    assert len(shared) == 4, "first fit by decreasing length fills 95 tokens into three, and one is too long"


@pytest.mark.parametrize("window", [None, 4])
def test_attention_within_rows_is_that_of_each_row(window: int | None) -> None:
    generator = torch.Generator().manual_seed(0)
    lengths = (5, 12, 1, 7)
    query, key, value = (torch.randn(25, heads, 8, generator=generator) for heads in (4, 2, 2))
    got = attend(query, key, value, Pack(lengths), Asked(0.3, window))
    for begin, length in zip(Pack(lengths).bounds, lengths, strict=False):
        rows = slice(begin, begin + length)
        scores = torch.einsum("qhd,khd->hqk", query[rows], key[rows].repeat_interleave(2, 1)) * 0.3
        behind = torch.arange(length)[:, None] - torch.arange(length)
        seen = (behind >= 0) & (behind < (window or length))
        weights = scores.masked_fill(~seen, float("-inf")).softmax(-1)
        expected = torch.einsum("hqk,khd->qhd", weights, value[rows].repeat_interleave(2, 1))
        assert torch.allclose(got[rows], expected, atol=1e-6)
