"""Release rules: no worse than the champion (as a whole, by slice), better, or within a limit, decided on bounds.

PASS where the one-sided confidence bound clears the rule's limit, FAIL where the opposite bound lies beyond it,
INCONCLUSIVE where the rows do not tell. Two more rules count, and infer nothing: enough answers differ, and what the
candidate was trained on was kept clear of these rows.
"""

from __future__ import annotations

from qlora_gov import GateSpec, hookimpl
from qlora_gov_gates.decontaminated import Decontaminated
from qlora_gov_gates.differs import Differs, DiffersSettings
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings, NoRegressedSliceSettings
from qlora_gov_gates.slices import NoRegressedSlice
from qlora_gov_gates.vacuous import vacuous_gain, vacuous_lower, vacuous_margin, vacuous_upper


@hookimpl
def qlora_gov_gates() -> list[GateSpec]:
    """Contribute the rules."""
    return [
        GateSpec(
            name="non_inferior",
            summary="worse than the champion by less than a margin",
            factory=NonInferior,
            config=NonInferiorSettings,
            vacuous=vacuous_margin,
            foreseeable=True,
        ),
        GateSpec(
            name="no_regressed_slice",
            summary="worse than the champion by less than a margin on every slice of the rows",
            factory=NoRegressedSlice,
            config=NoRegressedSliceSettings,
            vacuous=vacuous_margin,
            foreseeable=True,
        ),
        GateSpec(
            name="improves",
            summary="better than the champion",
            factory=Improves,
            config=ImprovesSettings,
            vacuous=vacuous_gain,
            foreseeable=True,
        ),
        GateSpec(
            name="at_most",
            summary="the candidate's value is below a limit",
            factory=AtMost,
            config=LimitSettings,
            vacuous=vacuous_upper,
            foreseeable=True,
        ),
        GateSpec(
            name="at_least",
            summary="the candidate's value is above a limit",
            factory=AtLeast,
            config=LimitSettings,
            vacuous=vacuous_lower,
            foreseeable=True,
        ),
        GateSpec(
            name="differs",
            summary="enough of the candidate's answers are others than the champion's",
            factory=Differs,
            config=DiffersSettings,
            judges="answers",
        ),
        GateSpec(
            name="decontaminated",
            summary="what the candidate was trained on was kept clear of the evaluation rows",
            factory=Decontaminated,
            judges="data",
        ),
    ]
