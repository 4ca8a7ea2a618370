"""The hub validates a card online only; what can be seen offline is that its own library reads all of it."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard_data import eval_results_to_model_index, model_index_to_eval_results

from qlora_gov.records import About
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.cyclonedx.parts import licences
from qlora_gov.reports.card.front_matter import hub_metadata
from qlora_gov.reports.card.hub_licences import HUB_LICENCES
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.card.records import CardRecords


def read(card: ModelCard) -> dict[str, Any]:
    return dict(card.data.to_dict())  # type: ignore[no-untyped-call]


def test_the_hub_library_reads_the_card_and_writes_the_same_metadata(records: Callable[..., CardRecords]) -> None:
    context = card_context(records())
    card = ModelCard(render_card(context).text)
    metadata = read(card)
    assert metadata == hub_metadata(context)
    assert yaml.safe_load(card.data.to_yaml()) == metadata
    assert card.text.startswith("\n# Northwind Bank support assistant\n")
    assert {key: value for key, value in metadata.items() if key not in ("metrics", "model-index")} == {
        "language": ["en", "de"],
        "license": "apache-2.0",
        "library_name": "peft",
        "base_model": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "base_model_relation": "adapter",
        "pipeline_tag": "text-generation",
        "tags": ["lora", "qlora-gov", "decision-approved"],
    }
    assert metadata["metrics"] == ["perplexity", "pii_rate", "rouge_l"]


def test_evaluation_results_round_trip_with_their_intervals(records: Callable[..., CardRecords]) -> None:
    given = records()
    results = ModelCard(render_card(card_context(given)).text).data["eval_results"]
    assert {result.metric_type: result.metric_value for result in results} == {
        "rouge_l": 0.31274836,
        "perplexity": 9.87654321,
        "pii_rate": 0.0,
    }
    assert {result.dataset_revision for result in results} == {given.evaluation.digest}
    rouge = next(result for result in results if result.metric_type == "rouge_l")
    assert rouge.metric_args["n"] == 169
    assert rouge.metric_args["plugin_version"] == "0.1.0"
    assert "ci_low" not in rouge.metric_args  # the interval is of a difference, not of the value beside it
    assert rouge.metric_args["tests"] == [
        {
            "rule": "improves rouge_l",
            "against": "champion",
            "outcome": "PASS",
            "of": "candidate - champion",
            "estimate": 0.0731,
            "ci_low": 0.0512,
            "ci_high": 0.095,
            "ci_level": 0.95,
            "method": "cluster jackknife, t",
            "threshold": -0.02,
            "alpha": 0.05,
            "bound": 0.0549,
            "n": 169,
            "clusters": 144,
        }
    ]
    rate = next(result for result in results if result.metric_type == "pii_rate").metric_args
    assert {key: value for key, value in rate.items() if key not in ("tests", "plugin", "plugin_version")} == {
        "ci_high": 0.0253,
        "ci_level": 0.95,
        "method": "Clopper-Pearson",
        "n": 169,
    }
    assert not any(result.verified or result.verify_token for result in results)


@pytest.mark.parametrize("which", ["everything", "imported", "refused"])
def test_the_hub_library_writes_the_results_that_it_read(
    records: Callable[..., CardRecords], request: pytest.FixtureRequest, which: str
) -> None:
    context = card_context(records(**request.getfixturevalue(which)))
    metadata = hub_metadata(context)
    index = metadata.pop("model-index")
    name, results = model_index_to_eval_results(index)
    assert index == eval_results_to_model_index(name, results)
    written = ModelCardData(**metadata, model_name=name, eval_results=results).to_dict()  # type: ignore[no-untyped-call]
    assert written == {**metadata, "model-index": index}


def test_imported_values_say_whose_claim_they_are(
    records: Callable[..., CardRecords], imported: dict[str, Any]
) -> None:
    metadata = hub_metadata(card_context(records(**imported)))
    assert "base_model" not in metadata
    assert metadata["library_name"] == "peft"
    metrics = metadata["model-index"][0]["results"][0]["metrics"]
    assert {metric["args"]["claimed_by"] for metric in metrics} == {"log of lm-eval 0.4.9"}


def test_what_is_missing_is_left_out(records: Callable[..., CardRecords], bare: dict[str, Any]) -> None:
    metadata = read(ModelCard(render_card(card_context(records(**bare))).text))
    assert metadata.keys().isdisjoint({"base_model", "model-index"})
    assert metadata["base_model_relation"] == "adapter"


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", {"license": "mit"}),
        ("llama3.1", {"license": "llama3.1"}),
        ("Llama3.3", {"license": "llama3.3"}),
        ("Llama 4 Community License Agreement", {"license": "llama4"}),
        ("Gemma Terms of Use", {"license": "gemma"}),
        ("EUPL-1.2", {"license": "eupl-1.2"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("LGPL-2.1-only", {"license": "lgpl-2.1"}),
        ("other", {"license": "other"}),
        ("unknown", {"license": "unknown"}),
        ("Northwind Bank internal, v2", {"license": "other", "license_name": "northwind-bank-internal-v2"}),
        ("秘密", {"license": "other", "license_name": "unnamed"}),
    ],
)
def test_a_licence_has_the_hub_s_identifier_or_is_other_with_a_name(
    records: Callable[..., CardRecords], licence: str, expected: dict[str, str]
) -> None:
    about = About(title="T", intended_use="U", licence=licence)
    metadata = hub_metadata(card_context(records(about=about)))
    assert {key: value for key, value in metadata.items() if key.startswith("license")} == expected


def test_a_licence_that_the_hub_does_not_know_is_linked_where_a_project_says_so(
    records: Callable[..., CardRecords],
) -> None:
    about = About(title="T", intended_use="U", licence="Qwen Research", licence_link="LICENSE")
    metadata = hub_metadata(card_context(records(about=about)))
    told = {key: value for key, value in metadata.items() if key.startswith("license")}
    assert told == {"license": "other", "license_name": "qwen-research", "license_link": "LICENSE"}
    assert "Licence of the adapter: Qwen Research (LICENSE)." in render_card(card_context(records(about=about))).text


def test_the_list_is_the_hub_s() -> None:
    assert len(HUB_LICENCES) > 70
    assert {"llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "gemma", "openrail++"} < set(HUB_LICENCES)


@pytest.mark.parametrize("identifier", sorted(HUB_LICENCES))
def test_a_bill_of_materials_calls_no_licence_by_an_identifier_that_spdx_lacks(identifier: str) -> None:
    (told,) = licences(identifier)
    if "expression" in told:
        assert told["expression"].lower() == identifier
    else:
        assert told == {"license": {"name": identifier}}
