"""What the plugin contributes, without loading any detector's library."""

from __future__ import annotations

import subprocess
import sys

import qlora_gov_guardrails


def test_every_detector_says_what_it_covers_and_what_it_misses():
    specs = {spec.name: spec for spec in qlora_gov_guardrails.qlora_gov_guardrails()}
    assert set(specs) == {"pii", "pii_ner", "toxicity", "toxicity_lexical"}
    for spec in specs.values():
        assert spec.covers
        assert spec.misses
        assert not set(spec.covers) & set(spec.misses)
        assert len(set(spec.covers)) == len(spec.covers)
    assert "lexical" in specs["toxicity_lexical"].summary
    assert "no names" in specs["pii"].summary


def test_listing_the_detectors_loads_no_library_of_theirs():
    code = """
import sys
import qlora_gov_guardrails as plugin
for spec in plugin.qlora_gov_guardrails():
    if spec.name in ("pii", "toxicity_lexical"):
        spec.factory(spec.config())
libraries = {"presidio_analyzer", "spacy", "detoxify", "torch", "transformers", "profanity_check", "sklearn"}
assert not libraries & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
