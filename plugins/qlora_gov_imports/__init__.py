"""Importers of what other tools logged, so that a team can gate an evaluation that it made elsewhere.

Two logs pair where they asked the same: an example is made of the prompt, the target and the document's place in its
task alone, and holds neither the model nor the name of a file. What a log says is the claim of whoever imports it.
"""

from __future__ import annotations

from qlora_gov import ImporterSpec, hookimpl
from qlora_gov_imports.inspect_logs import InspectLogs, InspectSettings
from qlora_gov_imports.lm_eval import LmEval, LmEvalSettings

LM_EVAL = ImporterSpec(
    name="lm_eval",
    summary="lm-evaluation-harness: what it wrote with --output_path and --log_samples",
    factory=LmEval,
    config=LmEvalSettings,
)

INSPECT = ImporterSpec(
    name="inspect",
    summary="Inspect: an .eval or .json log, by inspect_ai's own reader",
    factory=InspectLogs,
    config=InspectSettings,
    requires=("inspect_ai",),
    extra="imports",
)


@hookimpl
def qlora_gov_importers() -> list[ImporterSpec]:
    """Contribute ``lm_eval`` and ``inspect``."""
    return [LM_EVAL, INSPECT]
