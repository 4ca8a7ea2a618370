"""Whatever a plugin's code does wrong is an error of that plugin, by name, wherever it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from qlora_gov.errors import PluginError
from qlora_gov.plugin.calls import ForeignError, culprit, plugin_code
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.host import load_catalog
from qlora_gov.plugin.specs import MetricSpec
from tests.plugin.conftest import METRIC

HOOK = "\n@hookimpl\ndef qlora_gov_metrics():\n    return [SPEC]\n"


def bound(directory: Path) -> Bound[MetricSpec]:
    return load_catalog([directory]).bind(MetricSpec, "length", {}, root=directory, where="evaluation.metrics[0]")


@pytest.mark.parametrize(
    ("factory", "said"),
    [
        ("lambda settings: Length()", "called with nothing: it has no config, raised TypeError: "),
        ("MeanMetric", "called with nothing: it has no config, raised TypeError: Can't instantiate abstract class "),
        ("lambda: exit(0)", "called with nothing: it has no config, raised SystemExit: 0 (mine.py, line "),
        ("lambda: 1 / 0", "raised ZeroDivisionError: division by zero (mine.py, line "),
        ("lambda: Length", "its factory returned the class Length, not one of it"),
        ("lambda: None", "its factory returned a NoneType without score and aggregate"),
        ("lambda: type('Half', (), {'score': print})()", "its factory returned a Half without aggregate"),
    ],
)
def test_a_component_that_cannot_be_made_is_named(write: Callable[..., Path], factory: str, said: str) -> None:
    directory = write(METRIC.replace("factory=Length", f"factory={factory}") + HOOK)
    with pytest.raises(PluginError) as caught:
        bound(directory).make()
    assert str(caught.value).startswith("mine/length cannot be made: its factory")
    assert said in str(caught.value)


CONFIG = """
from pydantic import model_validator
from qlora_gov import Settings


class Bad(Settings):
    @model_validator(mode="after")
    def check(self):
        {body}
"""


@pytest.mark.parametrize("body", ["raise SystemExit(0)", "return 1 / 0"])
def test_settings_whose_own_checks_fail_are_their_plugin_s(write: Callable[..., Path], body: str) -> None:
    source = METRIC.replace("SPEC =", CONFIG.replace("{body}", body) + "\nSPEC =")
    source = source.replace("factory=Length,", "factory=Length, config=Bad,") + HOOK
    said = r"^evaluation.metrics\[0\]: the settings of mine/length cannot be checked: its config raised "
    with pytest.raises(PluginError, match=said):
        bound(write(source))


@pytest.mark.parametrize("raised", ["SystemExit(0)", "GeneratorExit()", "type('Own', (BaseException,), {})()"])
@pytest.mark.parametrize("where", ["import", "hook"])
def test_a_plugin_that_stops_the_program_is_named(write: Callable[..., Path], raised: str, where: str) -> None:
    hook = f"\n@hookimpl\ndef qlora_gov_metrics():\n    raise {raised}\n"
    directory = write(METRIC + (f"\nraise {raised}\n" if where == "import" else hook))
    with pytest.raises(PluginError, match=r"^plugin 'mine'.* (SystemExit: 0|GeneratorExit|Own) \(mine\.py, line \d+\)"):
        load_catalog([directory])


@pytest.mark.parametrize(
    ("count", "bad", "found"),
    [(0, {0}, None), (1, {0}, 0), (1, set(), None), (7, {5}, 5), (7, {5, 2}, 2), (7, set(), None)],
)
def test_the_culprit_is_found_by_halves(count: int, bad: set[int], found: int | None) -> None:
    def fails(part: Sequence[int]) -> bool:
        return any(at in bad for at in part)

    assert culprit(count, fails) == found


def test_no_single_one_is_blamed_for_what_takes_two() -> None:
    assert culprit(8, lambda part: {1, 6} <= set(part)) is None


def test_an_interrupt_is_the_user_s() -> None:
    with pytest.raises(KeyboardInterrupt), plugin_code("mine/length"):
        raise KeyboardInterrupt


def test_what_an_iterator_raises_is_told() -> None:
    with pytest.raises(ForeignError, match=r"^StopIteration"), plugin_code("mine/length"):
        next(iter(()))
