"""What released versions wrote, and so what later ones must take for what it was. Nothing here ever changes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

DISTRIBUTION = "qlora-gov"
"""Whose components are known by a revision."""

_FIRST_REVISION = frozenset(
    {
        "sha256:a8b2f3546100bb2cf313b3fa9606d6401c47966e21d46ce77a7ae46213e57626",  # data 0.1.0
        "sha256:aced92ded71cec95353c298a440dd56c63436f972f3463179c0f1908a7f303f8",  # gates 0.1.0
        "sha256:05ed63419e70cfc1fb3bebb8c34061c87cf9e1da19a6750fbace92da4d648475",  # guardrails 0.1.0
        "sha256:31d7e7ada1a6cc389fd00d71b5afdf6bee60d08ee1198c32cb1eb5244521b167",  # imports 0.1.0
        "sha256:bf4d0d724efe0f7ce4767980cba8e18a008322dfd762613c3b817452ebe8eb0d",  # metrics 0.1.0
        "sha256:bf59e41f88a1835839c86ee73891b80720a1ff8c5c2ff12af3377a09871a3aa5",  # nf4 0.1.0
    }
)
"""The sources of plugins that were released before components had revisions."""

_CURVE = frozenset({"permutations", "seed", "shingle", "threshold"})
_RULE = frozenset({"alpha"})

SETTINGS: Mapping[str, frozenset[str]] = {
    "data/held_out_leak": _CURVE,
    "data/hub": frozenset({"dataset", "directory", "revision", "split", "subset"}),
    "data/length": frozenset(
        f"{text}.{bound}_{unit}"
        for text in ("answer", "prompt")
        for bound in ("min", "max")
        for unit in ("characters", "words")
    ),
    "data/near_duplicates": _CURVE,
    "gates/at_least": _RULE,
    "gates/at_most": _RULE,
    "gates/improves": _RULE | {"by"},
    "gates/no_regressed_slice": _RULE | {"kind", "margins", "slices"},
    "gates/non_inferior": _RULE | {"kind"},
    "guardrails/pii": frozenset({"threshold"}),
    "guardrails/pii_ner": frozenset({"directory", "package", "threshold"}),
    "guardrails/toxicity": frozenset({"checkpoint", "threshold", "weights"}),
    "guardrails/toxicity_lexical": frozenset({"threshold"}),
    "metrics/bleu": frozenset({"tokenize"}),
    "metrics/hf_evaluate": frozenset({"arguments", "config_name", "hub", "revision", "script"}),
    "metrics/hf_evaluate_loss": frozenset({"arguments", "config_name", "hub", "revision", "script"}),
    "metrics/rouge_l": frozenset({"stemmer"}),
    "nf4/nf4-qlora": frozenset(
        {
            "accumulation",
            "checkpoint_steps",
            "dropout",
            "dtype",
            "epochs",
            "gradient_checkpointing",
            "learning_rate",
            "max_length",
            "micro_batch",
            "preset",
            "targets",
            "warmup_steps",
        }
    ),
}
"""The optional settings that 0.1.0 knew of each component that came with it, which records hold even at their defaults.

Those of a section are named behind it, as in ``answer.max_words``. A setting that came later is recorded where it is
not at its default, which means "as before".
"""


def meaning_of(source: str, revision: int | None) -> dict[str, JsonValue]:
    """What decides whether two components of one name mean the same: the revision, or else the source."""
    return {"source": source} if revision is None else {"revision": revision}


def revision_of(distribution: str, source: str) -> int | None:
    """The revision of a component that was recorded without one; None where only its source can tell."""
    return 1 if distribution == DISTRIBUTION and source in _FIRST_REVISION else None
