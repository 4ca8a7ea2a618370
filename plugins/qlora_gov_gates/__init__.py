"""Release rules: no worse than the champion, better than it, or within a limit, each decided on a bound.

PASS where the one-sided confidence bound clears the rule's limit, FAIL where the opposite bound lies beyond it,
INCONCLUSIVE where the rows do not tell.
"""

from __future__ import annotations

from qlora_gov import GateSpec, hookimpl
from qlora_gov_gates.rules import AtLeast, AtMost, Improves, NonInferior
from qlora_gov_gates.settings import ImprovesSettings, LimitSettings, NonInferiorSettings


@hookimpl
def qlora_gov_gates() -> list[GateSpec]:
    """Contribute the rules."""
    return [
        GateSpec(
            name="non_inferior",
            summary="worse than the champion by less than a margin",
            factory=NonInferior,
            config=NonInferiorSettings,
        ),
        GateSpec(name="improves", summary="better than the champion", factory=Improves, config=ImprovesSettings),
        GateSpec(
            name="at_most", summary="the candidate's value is below a limit", factory=AtMost, config=LimitSettings
        ),
        GateSpec(
            name="at_least", summary="the candidate's value is above a limit", factory=AtLeast, config=LimitSettings
        ),
    ]
