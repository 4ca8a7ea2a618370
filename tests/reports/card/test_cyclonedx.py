import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from qlora_gov.canonical import content_id
from qlora_gov.records import DecisionOutcome, SourceUse
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.cyclonedx.document import bill_of_materials, bom_json
from qlora_gov.reports.card.records import CardRecords
from tests.reports.conftest import BROKEN, NON_INFERIOR, PASSING, SLICED, judged
from tests.reports.samples import ABOUT, BASE, ENVIRONMENT, TRAINING, component, measurement

VALIDATORS = [JsonStrictValidator(version) for version in (SchemaVersion.V1_6, SchemaVersion.V1_7)]
HOSTILE = '"}], <script>alert(1)</script>\n---\n| a |\u202egnp.exe\u2066\x00\x1b[31m {{ 7 * 7 }} \U0001f600 秘密'

REFUSED = DecisionOutcome.REFUSED

Make = Callable[..., CardRecords]


def checked(records: CardRecords) -> dict[str, Any]:
    """The bill as it is read back from its text, which both schemas accept."""
    text = bom_json(bill_of_materials(card_context(records)))
    assert text.isascii()
    for validator in VALIDATORS:
        assert validator.validate_str(text) is None
    bom: dict[str, Any] = json.loads(text)
    refs = [part["bom-ref"] for part in components(bom)]
    assert len(refs) == len(set(refs))
    assert {ref for edge in bom["dependencies"] for ref in (edge["ref"], *edge["dependsOn"])} <= set(refs)
    assert {one["ref"] for one in card_of(bom)["modelParameters"]["datasets"]} <= set(refs)
    return bom


def components(value: Any) -> Iterator[dict[str, Any]]:
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from components(inner)
    if isinstance(value, dict) and "bom-ref" in value:
        yield value


def card_of(bom: dict[str, Any]) -> dict[str, Any]:
    card: dict[str, Any] = bom["metadata"]["component"]["modelCard"]
    return card


def metrics_of(bom: dict[str, Any]) -> list[dict[str, Any]]:
    metrics: list[dict[str, Any]] = card_of(bom)["quantitativeAnalysis"]["performanceMetrics"]
    return metrics


def missing(bom: dict[str, Any]) -> dict[str, str]:
    prefix = "qlora_gov:not_measured:"
    properties = {one["name"]: one["value"] for one in bom["properties"]}
    return {name.removeprefix(prefix): reason for name, reason in properties.items() if name.startswith(prefix)}


def sha256(content: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": content.removeprefix("sha256:")}]


@pytest.mark.parametrize("different", ["refused", "everything", "imported", "bare"])
def test_every_bill_is_valid(records: Make, different: str, request: pytest.FixtureRequest) -> None:
    checked(records(**request.getfixturevalue(different)))


@pytest.mark.parametrize("broken", ["hashes", "modelCard", "type"])
def test_the_schema_refuses_what_is_wrong(records: Make, broken: str) -> None:
    bom = bill_of_materials(card_context(records()))
    bom["metadata"]["component"][broken] = [{"alg": "SHA-256", "content": "sha256:1"}]
    assert all(validator.validate_str(bom_json(bom)) for validator in VALIDATORS)


def test_the_same_records_give_the_same_bytes(records: Make, everything: dict[str, Any]) -> None:
    first, second = (bom_json(bill_of_materials(card_context(records(**everything)))) for _ in range(2))
    assert first == second
    assert "timestamp" not in first


def test_a_given_time_stands_in_the_metadata(records: Make) -> None:
    at = "2026-03-01T10:00:00+00:00"
    bom = bill_of_materials(card_context(records()), timestamp=at)
    assert bom["metadata"]["timestamp"] == at
    assert all(validator.validate_str(bom_json(bom)) is None for validator in VALIDATORS)


def test_the_serial_number_is_the_decisions(records: Make) -> None:
    serials = [checked(records(look=look))["serialNumber"] for look in (1, 1, 2)]
    assert serials[0] == serials[1] != serials[2]
    assert uuid.UUID(serials[0]).version == 5


def test_the_adapter_is_a_model_with_its_files(records: Make) -> None:
    given = records()
    adapter = checked(given)["metadata"]["component"]
    assert (adapter["type"], adapter["name"]) == ("machine-learning-model", ABOUT.title)
    assert adapter["version"] == given.adapter.id
    assert [(file["type"], file["name"], file["hashes"]) for file in adapter["components"]] == [
        ("file", "adapter_config.json", sha256(content_id("config"))),
        ("file", "adapter_model.safetensors", sha256(content_id("lora"))),
    ]
    assert {"name": "qlora_gov:recipe:rank", "value": "16"} in adapter["properties"]


def test_the_base_is_its_ancestor(records: Make) -> None:
    (base,) = checked(records())["metadata"]["component"]["pedigree"]["ancestors"]
    assert (base["name"], base["version"]) == (BASE.reference, BASE.revision)
    assert base["licenses"] == [{"expression": "Apache-2.0"}]
    assert base["externalReferences"] == [
        {"type": "distribution", "url": "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct"}
    ]
    (file,) = base["components"]
    assert (file["name"], file["hashes"]) == ("SmolLM2-135M-Instruct.Q4_1.gguf", sha256(content_id("weights")))


def test_datasets_have_hashes_sources_and_licences(records: Make) -> None:
    digest = content_id("a file")
    source = SourceUse(
        component=component("data/jsonl", path={"path": "data/train.jsonl", "digest": digest}), rows=403, licence="MIT"
    )
    training = TRAINING.model_copy(update={"sources": (source, *TRAINING.sources[1:])})
    bom = checked(records(training=training))
    dataset, _ = bom["components"]
    assert (dataset["type"], dataset["version"], dataset["hashes"]) == ("data", training.id, sha256(training.digest))
    first, second = dataset["components"]
    assert (first["hashes"], first["licenses"]) == (sha256(digest), [{"expression": "MIT"}])
    assert second.keys().isdisjoint({"hashes", "licenses"})
    mix = dataset["data"][0]["contents"]["properties"]
    assert {"name": "qlora_gov:mix:provenance:human", "value": "114"} in mix
    assert missing(bom)["training set/source 2.licence"] == "no licence is stated"
    assert "no owner" in missing(bom)["training set.governance"]


def test_a_source_of_two_files_has_the_hash_of_neither(records: Make) -> None:
    files = {name: {"path": f"{name}.jsonl", "digest": content_id(name)} for name in ("prompts", "answers")}
    source = SourceUse(component=component("data/pairs", **files), rows=409, licence="MIT")
    (found,) = checked(records(training=TRAINING.model_copy(update={"sources": (source,)})))["components"][0][
        "components"
    ]
    assert "hashes" not in found
    assert {"qlora_gov:setting:prompts", "qlora_gov:setting:answers"} <= {one["name"] for one in found["properties"]}


def test_values_are_exact_and_intervals_say_of_what(records: Make) -> None:
    metrics = metrics_of(checked(records()))
    assert {"type": "rouge_l", "value": "0.31274836"} in metrics
    assert {
        "type": "rouge_l: candidate - champion",
        "value": "0.0731",
        "confidenceInterval": {"lowerBound": "0.0512", "upperBound": "0.095"},
    } in metrics
    assert {"type": "pii_rate: candidate", "value": "0", "confidenceInterval": {"upperBound": "0.0253"}} in metrics
    assert {
        "type": "pii_rate, corrected for the detector's errors",
        "value": "0.0012",
        "confidenceInterval": {"lowerBound": "0", "upperBound": "0.0301"},
    } in metrics
    methods = card_of(checked(records()))["properties"]
    assert {"name": "qlora_gov:interval:pii below 3%", "value": "95%, Clopper-Pearson"} in methods


def test_slices_are_metrics_of_their_own(records: Make) -> None:
    bom = checked(records(verdicts=(judged("no slice", NON_INFERIOR, "rouge_l", SLICED),), outcome=REFUSED))
    assert [one for one in metrics_of(bom) if "slice" in one] == [
        {"type": "rouge_l", "value": "0.21", "slice": "de"},
        {"type": "rouge_l", "value": "0.3136", "slice": "en"},
        {
            "type": "rouge_l: estimate of no slice",
            "value": "0.0713",
            "slice": "en",
            "confidenceInterval": {"lowerBound": "0.0502", "upperBound": "0.0931"},
        },
    ]
    assert missing(bom)["no slice.de.estimate"] == "the rule gave none"
    methods = {one["name"]: one["value"] for one in card_of(bom)["properties"]}
    assert methods["qlora_gov:interval:no slice:en"] == "95%, cluster jackknife, t"


def test_what_was_not_measured_is_left_out_and_named(records: Make, bare: dict[str, Any]) -> None:
    bom = checked(records(**bare))
    assert metrics_of(bom) == []
    named = missing(bom)
    assert named["perplexity.value"] == "the metric raised ValueError: no tokens"
    assert named["kept.estimate"] == named["kept.interval"] == "the rule gave none"
    assert {"base.hub_id", "base.revision", "base.licence", "qlora-gov"} <= named.keys()
    assert "not measured" not in bom_json(bom)
    assert "null" not in bom_json(bom)


def test_an_adapter_that_was_trained_elsewhere_names_no_base(records: Make, imported: dict[str, Any]) -> None:
    bom = checked(records(**imported))
    assert "pedigree" not in bom["metadata"]["component"]
    assert [part["bom-ref"] for part in bom["components"]] == ["evaluation set"]
    assert all("trained elsewhere" in missing(bom)[name] for name in ("base", "training", "training set"))
    claims = {one["name"]: one["value"] for one in bom["properties"] if ":imported:" in one["name"]}
    assert "lm-eval 0.4.9" in claims["qlora_gov:imported:candidate"]


def test_a_refusal_is_no_approval(records: Make, refused: dict[str, Any]) -> None:
    properties = {one["name"]: one["value"] for one in checked(records(**refused, exploratory=True))["properties"]}
    assert properties["qlora_gov:decision:outcome"] == "REFUSED"
    assert properties["qlora_gov:decision:exploratory"] == "yes"
    assert {"PASS", "FAIL", "INCONCLUSIVE"} == {
        value for name, value in properties.items() if name.startswith("qlora_gov:verdict:")
    }


def test_what_people_say_is_considered(records: Make) -> None:
    considerations = card_of(checked(records()))["considerations"]
    assert considerations["useCases"] == [ABOUT.intended_use]
    assert considerations["technicalLimitations"][:2] == list(ABOUT.limits)
    assert considerations["technicalLimitations"][2] == "pii_rate does not find: names, postal addresses"
    assert considerations["ethicalConsiderations"] == [{"name": risk} for risk in ABOUT.risks]


def test_the_tools_are_the_program_and_the_plugins(records: Make) -> None:
    environment = ENVIRONMENT.model_copy(update={"packages": {"qlora-gov": "0.1.0"}})
    tools = checked(records(training_fields={"environment": environment}))["metadata"]["tools"]["components"]
    assert (tools[0]["type"], tools[0]["name"], tools[0]["version"]) == ("application", "qlora-gov", "0.1.0")
    plugins = {tool["name"]: tool["hashes"] for tool in tools[1:]}
    assert plugins["metrics"] == sha256(content_id({"source of": "metrics"}))


@pytest.mark.parametrize(
    ("licence", "stated"),
    [
        ("mit OR apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("Northwind Bank internal, v2", {"license": {"name": "Northwind Bank internal, v2"}}),
        ("", {"license": {"name": ""}}),
        (HOSTILE, {"license": {"name": HOSTILE}}),
    ],
)
def test_a_licence_is_an_expression_or_a_name(records: Make, licence: str, stated: dict[str, Any]) -> None:
    bom = checked(records(about=ABOUT.model_copy(update={"licence": licence})))
    assert bom["metadata"]["component"]["licenses"] == [stated]


def test_hostile_texts_stay_what_they_are(records: Make) -> None:
    about = ABOUT.model_copy(
        update={"title": HOSTILE, "intended_use": HOSTILE, "limits": (HOSTILE,), "risks": (HOSTILE,)}
    )
    base = BASE.model_copy(
        update={"hub_id": HOSTILE, "reference": HOSTILE, "revision": HOSTILE, "files": {HOSTILE: "sha256:" + 64 * "0"}}
    )
    scores = (measurement("metrics/x", 0.5).model_copy(update={"name": HOSTILE}),)
    verdicts = (*PASSING, judged(HOSTILE, NON_INFERIOR, HOSTILE, BROKEN.model_copy(update={"reason": HOSTILE})))
    bom = checked(records(about=about, base=base, scores=scores, verdicts=verdicts, outcome=REFUSED))
    adapter = bom["metadata"]["component"]
    assert adapter["name"] == HOSTILE
    assert card_of(bom)["considerations"]["ethicalConsiderations"] == [{"name": HOSTILE}]
    assert {"type": HOSTILE, "value": "0.5"} in metrics_of(bom)
    assert {"name": f"qlora_gov:verdict:{HOSTILE}", "value": "FAIL"} in bom["properties"]
    assert adapter["pedigree"]["ancestors"][0]["components"][0]["name"] == HOSTILE
