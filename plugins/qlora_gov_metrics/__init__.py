"""Metrics over responses and likelihoods, by the libraries that the field quotes.

Every metric hands the core sufficient statistics for each row and an ``aggregate`` that turns their sums into the
value. An ``aggregate`` is numpy alone and no constructor imports a library, so that evidence re-derives where
the extra is not installed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from qlora_gov import MeanMetric, MetricSpec, hookimpl
from qlora_gov_metrics.bleu import Bleu, BleuSettings
from qlora_gov_metrics.compliance import ComplianceSettings, PolicyCompliance
from qlora_gov_metrics.hf_evaluate import HfEvaluate, HfEvaluateSettings
from qlora_gov_metrics.perplexity import Perplexity
from qlora_gov_metrics.recorded import RecordedMean, RecordedRate, RecordedSettings
from qlora_gov_metrics.rouge import RougeL, RougeLSettings

ROUGE_L = MetricSpec(
    name="rouge_l",
    summary="Rouge-L against the reference: mean F over rows, by rouge-score",
    factory=RougeL,
    config=RougeLSettings,
    requires=("rouge_score",),
    extra="metrics",
    components=RougeL.components,
    higher_is_better=True,
    margin="absolute",
    range=(0, 1),
)

BLEU = MetricSpec(
    name="bleu",
    summary="corpus BLEU against the reference, 0 to 100, as sacrebleu computes it",
    factory=Bleu,
    config=BleuSettings,
    requires=("sacrebleu",),
    extra="metrics",
    components=Bleu.components,
    higher_is_better=True,
    margin="relative",
    range=(0, 100),
)

PERPLEXITY = MetricSpec(
    name="perplexity",
    summary="perplexity of the reference answers for each token; compares subjects of one tokenizer only",
    factory=partial(Perplexity, "tokens"),
    components=("nll", "tokens"),
    needs=frozenset({"loglikelihood"}),
    higher_is_better=False,
    margin="relative",
    range=(1, math.inf),
)

PERPLEXITY_PER_BYTE = replace(
    PERPLEXITY,
    name="perplexity_per_byte",
    summary="perplexity of the reference answers for each UTF-8 byte; compares subjects of different tokenizers",
    factory=partial(Perplexity, "bytes"),
    components=("nll", "bytes"),
)

POLICY_COMPLIANCE = MetricSpec(
    name="policy_compliance",
    summary="share of answers that break none of the project's rules that apply to them",
    factory=PolicyCompliance,
    config=ComplianceSettings,
    components=MeanMetric.components,
    higher_is_better=True,
    margin="absolute",
    binary=True,
)

HF_EVALUATE = MetricSpec(
    name="hf_evaluate",
    summary="mean over rows of a Hugging Face evaluate module, better when higher; which text it reads, it alone knows",
    factory=HfEvaluate,
    config=HfEvaluateSettings,
    requires=("evaluate",),
    extra="metrics",
    components=MeanMetric.components,
    higher_is_better=True,
    margin="absolute",
)

HF_EVALUATE_LOSS = replace(
    HF_EVALUATE,
    name="hf_evaluate_loss",
    summary="the same of a module whose result is better when lower, such as an error rate",
    higher_is_better=False,
)

RECORDED_RATE = MetricSpec(
    name="recorded_rate",
    summary="share of rows that the tool of an imported evaluation scored 1, not 0",
    factory=RecordedRate,
    config=RecordedSettings,
    components=MeanMetric.components,
    needs=frozenset(),
    higher_is_better=True,
    margin="absolute",
    binary=True,
)

RECORDED_MEAN = MetricSpec(
    name="recorded_mean",
    summary="mean over rows of a score of an imported evaluation that is better when higher",
    factory=RecordedMean,
    config=RecordedSettings,
    components=MeanMetric.components,
    needs=frozenset(),
    higher_is_better=True,
    margin="absolute",
)

RECORDED_LOSS = replace(
    RECORDED_MEAN,
    name="recorded_loss",
    summary="mean over rows of a score of an imported evaluation that is better when lower, such as a loss",
    higher_is_better=False,
    margin="relative",
)


@hookimpl
def qlora_gov_metrics() -> list[MetricSpec]:
    """Rouge-L, BLEU, perplexity, policy compliance, any module of Hugging Face evaluate, and recorded scores."""
    return [
        ROUGE_L,
        BLEU,
        PERPLEXITY,
        PERPLEXITY_PER_BYTE,
        POLICY_COMPLIANCE,
        HF_EVALUATE,
        HF_EVALUATE_LOSS,
        RECORDED_RATE,
        RECORDED_MEAN,
        RECORDED_LOSS,
    ]
