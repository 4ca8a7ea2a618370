"""Two runs of lm-evaluation-harness, imported and gated, beside a script that knows nothing of this program."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.plugins.qlora_gov_imports.logs import make_adapter, make_lm_eval_log, write_tasks

LIMITS = (-0.4, -0.1, -0.02, 0.05, 0.4)
DOCUMENTS = 81  # the last one repeats the first, and so does not count as one more


def independent_verdict(champion: list[float], candidate: list[float], limit: float) -> str:
    """Tango's (1998) score test of paired proportions on both sides of the limit, by maximising the likelihood."""
    gained = sum(new > old for old, new in zip(champion, candidate, strict=True))
    lost = sum(new < old for old, new in zip(champion, candidate, strict=True))
    n = len(champion)

    def score(difference: float) -> float:
        def unlikely(share_lost: float) -> float:
            share_gained = share_lost + difference
            same = 1 - share_lost - share_gained
            parts = ((gained, share_gained), (lost, share_lost), (n - gained - lost, same))
            return -sum(count * math.log(max(share, 1e-300)) for count, share in parts if count)

        low, high = max(0.0, -difference), (1 - difference) / 2
        found = minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
        variance = n * (2 * found.x + difference - difference**2)
        return (gained - lost - n * difference) / math.sqrt(variance)

    z = score(limit)
    critical = norm.ppf(0.95)
    return "PASS" if z > critical else "FAIL" if z < -critical else "INCONCLUSIVE"


def logged_accuracies(log: Path) -> list[float]:
    """Straight from the file that the harness wrote, a document that comes again left out."""
    (samples,) = log.glob("samples_pick_*.jsonl")
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda row: row["doc_id"])
    return [row["acc"] for row in rows]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> tuple[Path, Path, Path]:
    """The log of the base, the log of an adapter on it, and the adapter."""
    root = tmp_path_factory.mktemp("lm_eval")
    tasks = write_tasks(root / "tasks", count=DOCUMENTS - 1)
    adapter = make_adapter(tiny_base, root / "adapter")
    base_log = make_lm_eval_log(root / "logs", tasks, tiny_base, names=("pick",))
    return base_log, make_lm_eval_log(root / "logs", tasks, tiny_base, adapter=adapter, names=("pick",)), adapter


@pytest.mark.xdist_group("lm_eval")
def test_imported_runs_get_the_verdict_of_an_independent_script(
    logs: tuple[Path, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base_log, adapter_log, adapter = logs
    rules = [
        {"metric": "accuracy", "name": f"{limit:g}"}
        | ({"use": "non_inferior", "margin": -limit} if limit < 0 else {"use": "improves", "by": limit})
        for limit in LIMITS
    ]
    project: dict[str, Any] = {
        "about": {"title": "Imported", "intended_use": "Tests.", "licence": "apache-2.0"},
        "evaluation": {"metrics": [{"use": "recorded_rate", "score": "pick/acc", "as": "accuracy"}]},
        "policy": {"rules": rules},
    }
    (tmp_path / "qlora_gov.yaml").write_text(yaml.safe_dump(project))
    assert run(["import", "lm_eval", str(base_log), str(tmp_path)]) == 0
    assert run(["import", "lm_eval", str(adapter_log), str(tmp_path), "--adapter", str(adapter)]) == 0
    capsys.readouterr()
    code = run(["gate", str(tmp_path)])
    decision: Any = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb").entries("decision")[-1].record
    found = {item.rule.name: item.verdict.outcome.value for item in decision.verdicts}
    champion, candidate = logged_accuracies(base_log), logged_accuracies(adapter_log)
    assert champion != candidate, "two systems that answer alike would tell nothing"
    assert found == {f"{limit:g}": independent_verdict(champion, candidate, limit) for limit in LIMITS}
    assert found["-0.4"] == "PASS"
    assert found["0.4"] == "FAIL"
    assert code == 1
    assert decision.exploratory, "the logs are older than the policy, which was recorded when they were imported"
    assert run(["verify", str(tmp_path)]) == 0
