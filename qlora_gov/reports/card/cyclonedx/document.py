"""A release's bill of materials: CycloneDX 1.6, with the adapter as a machine learning model that has a model card.

https://cyclonedx.org/docs/1.6/json/. Plain JSON, since cyclonedx-python-lib has no model cards; the tests validate it
with the schema that the library ships. It is made from the same context as the cards, and without a clock: the same
records give the same bytes. What is Absent is left out where it would stand, and named with its reason in a property
``qlora_gov:not_measured:...``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from qlora_gov.records import Absent
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.cyclonedx.materials import base_component, dataset_components, file_components
from qlora_gov.reports.card.cyclonedx.model_card import model_card_of
from qlora_gov.reports.card.cyclonedx.parts import Known, component, hashes, licences, properties, setting_pairs

_ADAPTER = "adapter"


def bill_of_materials(context: CardContext, timestamp: str | None = None) -> dict[str, Any]:
    """The bill of materials of a decision's adapter, as JSON values.

    Its serial number is made from the decision's id. ``timestamp`` is a ledger entry's time (RFC 3339), and left out
    by default.
    """
    known = Known()
    ancestors = [] if (base := known("base", context.base)) is None else [base_component(base, known)]
    datasets = list(dataset_components(context, known))
    refs = [part["bom-ref"] for part in datasets]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:qlora-gov:{context.decision.id}')}",
        "version": 1,
        "metadata": {
            **({"timestamp": timestamp} if timestamp else {}),
            "tools": {"components": list(_tools(context, known))},
            "component": _adapter(context, ancestors, refs, known),
        },
        "components": datasets,
        "dependencies": [{"ref": _ADAPTER, "dependsOn": [*(part["bom-ref"] for part in ancestors), *refs]}],
        "properties": [*properties(_decision(context)), *known.missing],
    }


def bom_json(bom: dict[str, Any]) -> str:
    """The bill as the text of a file. Characters that are not ASCII are escaped, so that none of them can hide."""
    return json.dumps(bom, indent=2, allow_nan=False) + "\n"


def _adapter(
    context: CardContext, ancestors: Sequence[dict[str, Any]], datasets: Sequence[str], known: Known
) -> dict[str, Any]:
    return component(
        "machine-learning-model",
        _ADAPTER,
        context.about.title,
        version=context.adapter,
        licenses=licences(context.about.licence),
        pedigree={"ancestors": ancestors} if ancestors else {},
        modelCard=model_card_of(context, datasets, known),
        components=file_components(_ADAPTER, context.provenance.adapter_files),
        properties=properties(_training(context, known)),
    )


def _training(context: CardContext, known: Known) -> Iterator[tuple[str, str]]:
    training = known("training", context.training)
    if training:
        yield "recipe", training.recipe.name
        yield from setting_pairs("recipe", training.recipe)
        yield "seed", str(training.seed)
        yield "steps", str(training.steps)
        yield "tokens", str(training.tokens)


def _decision(context: CardContext) -> Iterator[tuple[str, str]]:
    decision, head = context.decision, context.provenance.head
    yield "decision", decision.id
    yield "decision:outcome", decision.outcome.value
    yield "decision:exploratory", "yes" if decision.exploratory else "no"
    yield "decision:look", str(decision.look)
    for name in decision.mended:
        yield "decision:mended", name
    for line in decision.rules:
        yield f"verdict:{line.rule.name}", line.outcome.value
    for side in context.claims:
        claim = side.claim
        yield f"imported:{side.side}", f"{claim.tool} {claim.version}, model {claim.model}, log {claim.log}"
    yield "policy", context.policy.id
    yield "ledger_head", head.hash
    yield "ledger_head:entry", str(head.seq)
    yield "plugin_fingerprint", context.provenance.fingerprint


def _tools(context: CardContext, known: Known) -> Iterator[dict[str, Any]]:
    """The program, in each version that ran a stage, and the plugins."""
    environment = known("environment", context.environment)
    facts = environment.facts if environment else ()
    ran = {value for fact in facts if fact.name == "qlora-gov" for value in fact.values if isinstance(value, str)}
    for version in sorted(ran):
        yield component("application", f"tool/qlora-gov {version}", "qlora-gov", version=version)
    if not ran:
        known("qlora-gov", Absent(absent="no stage recorded the version that ran it"))
    for number, plugin in enumerate(context.provenance.plugins, 1):
        yield component(
            "library",
            f"tool/plugin {number}",
            plugin.name,
            group=plugin.distribution,
            version=plugin.version,
            hashes=hashes(plugin.source),
        )
