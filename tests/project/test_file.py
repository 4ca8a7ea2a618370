from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from qlora_gov.cli.commands.init import TEMPLATE
from qlora_gov.errors import ProjectError
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.host import load_catalog
from qlora_gov.plugin.specs import GateSpec, TrainerSpec
from qlora_gov.project.binding import bind_project
from qlora_gov.project.components import bind_components
from qlora_gov.project.file import load_project
from qlora_gov.project.schema import NEWEST_SCHEMA, Project
from qlora_gov.project.uses import TrainerUse

Edit = Callable[[dict[str, Any]], object]


def failures(path: Path) -> list[str]:
    """What is said of a project file, without where it lies."""
    with pytest.raises(ProjectError) as caught:
        load_project(path)
    assert "\n" not in str(caught.value)
    return [line.replace(str(path.parent), "here") for line in caught.value.lines]


def failure(path: Path) -> str:
    (line,) = failures(path)
    return line


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, name: str = "qlora_gov.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def edited(project: Callable[[str], Path]) -> Callable[[Edit], Path]:
    def write(edit: Edit) -> Path:
        document = yaml.safe_load(TEMPLATE)
        edit(document)
        return project(yaml.safe_dump(document))

    return write


def test_the_template_of_init_is_a_project(project: Callable[[str], Path]) -> None:
    loaded = load_project(project(TEMPLATE))
    assert loaded.schema_ == NEWEST_SCHEMA
    assert loaded.base.model == "embedded"
    assert (loaded.training.use, loaded.training.settings) == ("nf4-qlora", {"preset": "instruction"})
    assert [step.use for step in loaded.data.training.steps][:2] == ["exact_duplicates", "near_duplicates"]
    assert [(step.use, step.action) for step in loaded.data.training.steps[3:]] == [
        ("toxicity_lexical", "drop"),
        ("pii", "redact"),
    ]
    rule = loaded.policy.rules[0]
    assert (rule.use, rule.metric, rule.settings) == ("non_inferior", "perplexity", {"margin": 0.05})


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.update(polcy=d.pop("policy")), "unknown key 'polcy'; did you mean 'policy'?"),
        (lambda d: d["data"].update(trainin={}), "unknown key 'data.trainin'; did you mean 'training'?"),
        (
            lambda d: d["evaluation"].update(generation={"max_new_token": 9}),
            "unknown key 'evaluation.generation.max_new_token'; did you mean 'max_new_tokens'?",
        ),
        (
            lambda d: d.update(base={"quantisation": "nf4"}),
            "unknown key 'base.quantisation'; did you mean 'quantization'?",
        ),
        (lambda d: d["evaluation"].update(metrics=["bleu", {"name": "x"}]), "missing key 'evaluation.metrics[1].use'"),
        (
            lambda d: d["policy"]["rules"][1].update(usee=d["policy"]["rules"][1].pop("use")),
            "missing key 'policy.rules[1].use'; is 'usee' a misspelling of it?",
        ),
        (lambda d: d["policy"].update(rules=[]), "policy.rules: should have at least 1 item(s), not 0"),
        (lambda d: d.update(data=5), "data: should be a mapping of keys to values"),
        (
            lambda d: d.update(data=None),
            "write both sections 'data' and 'training', or neither where evaluations are imported",
        ),
        (
            lambda d: d.pop("training"),
            "write both sections 'data' and 'training', or neither where evaluations are imported",
        ),
        (
            lambda d: d["policy"].update(reference="sha256:12"),
            "policy.reference: should be 'base' or the full id of an adapter, sha256:... as 'ledger show' prints it",
        ),
        (lambda d: d.update(training=["nf4"]), "training: should be a mapping of keys to values"),
        (lambda d: d.update(plugins="plugins"), "plugins: should be a list"),
        (lambda d: d.update(plugins=[3]), "plugins[0]: should be a path"),
        (
            lambda d: d.update(schema=9),
            f"schema: 9 is of a later version; this one knows schemas up to {NEWEST_SCHEMA}",
        ),
        (lambda d: d.update(schema=0), "schema: input should be greater than or equal to 1"),
        (lambda d: d["about"].update(title=3), "about.title: input should be a valid string"),
        (lambda d: d.update(seed=2**32), "seed: input should be less than 4294967296"),
        (
            lambda d: d["data"]["training"]["steps"][4].update(action="remove"),
            "data.training.steps[4].action: no action is named 'remove'; known: drop, redact",
        ),
        (lambda d: d.update({3: 4}), "[3]: keys should be strings"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_place(edited: Callable[[Edit], Path], edit: Edit, said: str) -> None:
    assert re.fullmatch(rf"here/qlora_gov.yaml(:\d+)?: {re.escape(said)}", failure(edited(edit)))


MISTAKEN = """\
about: {titel: Support, intended_use: Answers, licence: MIT}
sed: 1
evaluation:
  metrics:
    - bleu
    - {name: long}
  generation:
    max_new_token: 9
policy:
  further_looks: often
  rules:
    - use: at_least
      metrc: bleu
"""


def test_a_project_without_a_schema_is_of_the_first(edited: Callable[[Edit], Path]) -> None:
    assert load_project(edited(lambda d: d.pop("schema"))).schema_ == 1


def test_everything_that_is_wrong_is_told_at_once_unknown_keys_first(project: Callable[[str], Path]) -> None:
    assert failures(project(MISTAKEN)) == [
        "here/qlora_gov.yaml:1: unknown key 'about.titel'; did you mean 'title'?",
        "here/qlora_gov.yaml:8: unknown key 'evaluation.generation.max_new_token'; did you mean 'max_new_tokens'?",
        "here/qlora_gov.yaml:2: unknown key 'sed'; did you mean 'seed'?",
        "here/qlora_gov.yaml:6: missing key 'evaluation.metrics[1].use'",
        "here/qlora_gov.yaml:10: policy.further_looks: input should be 'halve_alpha', 'fresh_rows' or 'count'",
    ]


def test_a_mistake_is_told_of_the_file_that_it_is_in(project: Callable[..., Path]) -> None:
    project(MISTAKEN.replace("metrc", "metric").replace("often", "count"), "base.yaml")
    path = project("extends: base.yaml\npolicy: {further_loks: count}\nevaluation: {metrics: [bleu], guardrails: 3}\n")
    assert failures(path) == [
        "here/base.yaml:1: unknown key 'about.titel'; did you mean 'title'?",
        "here/base.yaml:8: unknown key 'evaluation.generation.max_new_token'; did you mean 'max_new_tokens'?",
        "here/qlora_gov.yaml:2: unknown key 'policy.further_loks'; did you mean 'further_looks'?",
        "here/base.yaml:2: unknown key 'sed'; did you mean 'seed'?",
        "here/qlora_gov.yaml:3: evaluation.guardrails: should be a list",
    ]


def test_a_key_of_a_merged_mapping_is_told_where_it_is_written(project: Callable[[str], Path]) -> None:
    text = TEMPLATE.replace("use: pii, action: redact", "<<: {use: pii, action: hide}")
    line = next(at for at, line in enumerate(text.splitlines(), start=1) if "hide" in line)
    assert failure(project(text)).startswith(f"here/qlora_gov.yaml:{line}: data.training.steps[4].action: ")


def test_what_a_whole_file_lacks_is_told_of_no_line(project: Callable[[str], Path]) -> None:
    lacks = [f"here/qlora_gov.yaml: missing key '{key}'" for key in ("about", "evaluation", "policy")]
    assert failures(project("seed: 1\n")) == lacks


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\nbase: x\nseed: 2\n", ":3: not valid YAML: 'seed' is given twice"),
        ("data: {training: {}, training: {}}", ":1: not valid YAML: 'training' is given twice"),
        ("a: b: c\n", ":1: not valid YAML: mapping values are not allowed here"),
        ("a: !!python/object:os.system x\n", ":1: not valid YAML: could not determine a constructor for the tag"),
        ("a: \x07\n", ": not valid YAML: unacceptable character #x0007"),
        ("a: 2024-13-45\n", ": not valid YAML: month must be in 1..12"),
        ("[" * 10_000, ": not valid YAML: maximum recursion depth exceeded"),
        (TEMPLATE.replace("embedded ", "&a {x: *a}"), ":9: unknown key 'base.x'"),
        ("- a\n", ": a project file is a mapping of sections; see 'qlora-gov init'"),
        ("", ": a project file is a mapping of sections; see 'qlora-gov init'"),
        ("extends: qlora_gov.yaml\n", ": extends itself"),
        ("extends: [a]\n", ": extends: should be the path of a project file"),
        ("extends: other.yaml\n", ": extends here/other.yaml, which is no file"),
        ("extends: .\n", ": extends here, which is no file"),
    ],
)
def test_what_is_no_project_file_is_said_in_one_line(project: Callable[[str], Path], text: str, said: str) -> None:
    assert failure(project(text)).startswith(f"here/qlora_gov.yaml{said}")


def test_a_key_may_be_given_again_over_a_merged_one(project: Callable[[str], Path]) -> None:
    text = TEMPLATE.replace("use: pii, action: redact", "<<: {use: pii, action: drop}, action: redact")
    assert load_project(project(text)) == load_project(project(TEMPLATE))


def test_a_missing_file_is_told_apart_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    assert failure(tmp_path / "none.yaml") == "no such project file: here/none.yaml; 'qlora-gov init' writes one"
    (tmp_path / "latin.yaml").write_bytes("title: café".encode("latin-1"))
    assert "cannot be read: 'utf-8' codec" in failure(tmp_path / "latin.yaml")
    assert "cannot be read: [Errno 21]" in failure(tmp_path / ".")


def test_what_is_above_replaces_keys_and_whole_lists_of_what_it_extends(project: Callable[..., Path]) -> None:
    project(TEMPLATE, "base.yaml")
    project("extends: base.yaml\nseed: 8\nabout: {title: Other}\n", "middle.yaml")
    top = load_project(project("extends: middle.yaml\nevaluation: {metrics: [bleu]}\nseed: 9\n"))
    below = load_project(project(TEMPLATE, "base.yaml"))
    assert (top.seed, top.about.title, top.about.licence) == (9, "Other", below.about.licence)
    assert [use.use for use in top.evaluation.metrics] == ["bleu"]
    assert (top.evaluation.guardrails, top.data) == (below.evaluation.guardrails, below.data)


def test_a_cycle_of_extensions_is_found(project: Callable[..., Path]) -> None:
    project("extends: sub/../qlora_gov.yaml\n", "other.yaml").parent.joinpath("sub").mkdir()
    assert failure(project("extends: other.yaml\n")).endswith("qlora_gov.yaml: extends itself")


def test_what_an_extended_file_lacks_is_said_of_that_file(project: Callable[..., Path]) -> None:
    project("[]", "other.yaml")
    assert failure(project("extends: other.yaml\n")).startswith("here/other.yaml: a project file is a mapping")


# --- explaining errors of a plugin's own settings ---------------------------------------------------------------


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    threshold: float = 0.5


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    words: str = ""

    @field_validator("words")
    @classmethod
    def _no_words(cls, words: str) -> str:
        if words == "silent":
            raise ValueError
        if words == "asserted":
            raise AssertionError
        return words


class Opaque(Outer):
    """Settings of a type for which there is no JSON schema."""

    code: range = range(3)


def test_what_follows_from_something_else_is_not_told() -> None:
    with pytest.raises(ValidationError) as caught:
        Project.model_validate({"polcy": {}, "about": {"title": 3}, "evaluation": {"metrics": [{}]}})
    assert [(reason.keys, str(reason)) for reason in reasons_of(caught.value, Project)] == [
        (("polcy",), "unknown key 'polcy'; did you mean 'policy'?"),
        (("about", "title"), "about.title: input should be a valid string"),
        (("about", "intended_use"), "missing key 'about.intended_use'"),
        (("about", "licence"), "missing key 'about.licence'"),
        (("evaluation", "metrics", 0, "use"), "missing key 'evaluation.metrics[0].use'"),
    ]


def test_a_wrong_value_is_told_beside_an_unknown_key_that_looks_like_its_own() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"word": "", "words": 3})
    assert [str(reason) for reason in reasons_of(caught.value, Outer)] == [
        "unknown key 'word'; did you mean 'words'?",
        "words: input should be a valid string",
    ]


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (Outer, {"inner": {"treshold": 1}}, "unknown key 'inner.treshold'; did you mean 'threshold'?"),
        (Outer, {"many": [{}, {"treshold": 1}]}, "unknown key 'many[1].treshold'; did you mean 'threshold'?"),
        (Outer, {"word": ""}, "unknown key 'word'; did you mean 'words'?"),
        (Outer, {"words": "silent"}, "words: "),
        (Outer, {"words": "asserted"}, "words: assertion failed"),
        (Outer, [], "the section: should be a mapping of keys to values"),
        (Opaque, {"word": ""}, "unknown key 'word'; did you mean 'words'?"),
    ],
)
def test_any_model_s_errors_are_explained(model: type[BaseModel], values: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    (reason,) = reasons_of(caught.value, model)
    assert str(reason).startswith(said)


@pytest.mark.parametrize(
    ("schema", "said", "decoding"),
    [(1, {}, "base"), (2, {}, "greedy"), (2, {"decoding": "base"}, "base"), (1, {"decoding": "greedy"}, "greedy")],
)
def test_answers_are_plainly_greedy_from_schema_2_on(schema: int, said: dict[str, str], decoding: str) -> None:
    values = yaml.safe_load(TEMPLATE)
    values["schema"] = schema
    values["evaluation"]["generation"] = {"max_new_tokens": 9} | said
    found = Project.model_validate(values).generation
    assert (found.decoding, found.max_new_tokens) == (decoding, 9)


# --- values that look like what they are not --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('seed: "7"', ":1: seed: should be a number: write 7 without quotes"),
        ("seed: true", ":1: seed: should be a number, not true"),
        ("schema: yes", ":1: schema: should be a number, not true"),
        ("seed: 1e2", ":1: seed: should be a whole number"),
        ('seed: "\\uD800"', ":1: '\\ud800' holds half a surrogate pair, which is no character"),
        ('ledger: "a\\0b"', ":1: 'a\\x00b' holds a NUL character; leave it out"),
        (f"seed: {10**400}", ":1: 10000000000000000000... is too large: a whole number can be recorded below 2**53"),
        (f"seed: {2**53}", ":1: 9007199254740992 is too large: a whole number can be recorded below 2**53"),
        (f"plugins: [{'a' * 5000}]", ":1: plugins[0]: is too long for a path: a name in one has at most 255 bytes"),
        (f"templates: {'a' * 5000}", ":1: templates: is too long for a path"),
        (f"ledger: {'a' * 5000}", ":1: ledger: is too long for a path"),
        (f"base: {'a' * 5000}", ":1: base.model: is too long for a path"),
        ('"a\\0": 1', ":1: 'a\\x00' holds a NUL character; leave it out"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_with_its_line(
    project: Callable[[str], Path], line: str, said: str
) -> None:
    rest = re.sub(rf"^{line.split(':')[0]}:.*\n", "", TEMPLATE, flags=re.MULTILINE)
    assert failure(project(f"{line}\n{rest}")).startswith(f"here/qlora_gov.yaml{said}")


def test_a_file_of_a_name_that_none_can_have_is_no_file_to_extend(project: Callable[[str], Path]) -> None:
    assert failure(project(f"extends: {'a' * 5000}\n")).endswith("which is no file")


@pytest.mark.parametrize("written", ["1e-4", "1E-4", "1.0e-4", "0.0001", "+1e-4", ".1e-3"])
def test_a_number_may_be_written_as_json_and_newer_yaml_write_it(
    project: Callable[[str], Path], tmp_path: Path, written: str
) -> None:
    loaded = load_project(project(TEMPLATE.replace("margin: 0.05", f"margin: {written}")))
    bound = bind_components([("policy.rules[0]", loaded.policy.rules[0], GateSpec)], load_catalog(), tmp_path)
    assert bound["policy.rules[0]"].settings.margin == 0.0001


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        ("true", "margin: should be a number, not true"),
        ('"0.05"', "margin: should be a number: write 0.05 without quotes"),
        ("wide", "margin: input should be a valid number, unable to parse string as a number"),
    ],
)
def test_a_setting_is_told_where_its_component_is_written(
    project: Callable[[str], Path], tmp_path: Path, margin: str, said: str
) -> None:
    text = TEMPLATE.replace("margin: 0.02", f"margin: {margin}")
    line = next(at for at, line in enumerate(text.splitlines(), start=1) if margin in line)
    loaded = load_project(project(text))
    with pytest.raises(ProjectError) as caught:
        bind_project(loaded.model_copy(update={"data": None, "training": None}), load_catalog(), tmp_path)
    assert str(caught.value) == f"{tmp_path}/qlora_gov.yaml:{line}: policy.rules[1]: {said}"


def test_every_required_rule_that_there_is_not_is_told(project: Callable[[str], Path], tmp_path: Path) -> None:
    loaded = load_project(project(TEMPLATE.replace("policy:\n", "policy:\n  required: [one, two]\n")))
    with pytest.raises(ProjectError, match=r"qlora_gov.yaml:\d+: policy: required rules 'one', 'two' are not among"):
        bind_project(loaded.model_copy(update={"data": None, "training": None}), load_catalog(), tmp_path)


@pytest.mark.parametrize("preset", ["instrution", None, ["demo"], {"a": 1}])
def test_of_a_misspelt_preset_its_name_alone_is_told(tmp_path: Path, preset: Any) -> None:
    use = TrainerUse.model_validate({"use": "nf4-qlora", "preset": preset})
    with pytest.raises(ProjectError) as caught:
        bind_components([("training", use, TrainerSpec)], load_catalog(), tmp_path)
    said = "training: preset: input should be 'instruction', 'classification' or 'demo'"
    assert caught.value.lines == (said,)


def test_two_projects_that_say_the_same_are_equal_wherever_they_are_written(project: Callable[..., Path]) -> None:
    assert load_project(project(TEMPLATE)) == load_project(project(f"# moved\n{TEMPLATE}", "other.yaml"))
