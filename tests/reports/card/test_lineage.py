from collections.abc import Callable
from typing import Any

from qlora_gov.records import Absent, Environment
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.context.lineage import EnvironmentPart, LossCurve, TrainingPart
from qlora_gov.reports.card.html import render_html
from qlora_gov.reports.card.lineage import environment_part, training_part
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.card.records import CardRecords, SubjectRecords


def part_of(records: CardRecords) -> TrainingPart:
    training = records.adapter.training
    assert training is not None
    return training_part(training)


def test_every_point_of_the_loss_is_there(records: Callable[..., CardRecords]) -> None:
    given = records()
    loss = part_of(given).loss
    assert isinstance(loss, LossCurve)
    assert loss.points == given.adapter.training.losses  # type: ignore[union-attr]
    assert (loss.first.step, loss.last.step, loss.lowest.step) == (1, 51, 51)


def test_a_recipe_without_rank_has_no_scaling(records: Callable[..., CardRecords], bare: dict[str, Any]) -> None:
    assert part_of(records()).scaling == 2
    part = part_of(records(**bare))
    assert part.scaling == Absent(absent="the recipe's settings name no rank and alpha")
    assert part.loss == Absent(absent="the trainer reported no loss")


def test_rank_stabilised_products_are_scaled_by_the_root(records: Callable[..., CardRecords]) -> None:
    training = records().adapter.training
    assert training is not None
    recipe = training.recipe.model_copy(update={"settings": {"rank": 16, "alpha": 8, "rslora": True}})
    given = records(training_fields={"recipe": recipe})
    assert part_of(given).scaling == 2
    markdown, html = (render(card_context(given)).text for render in (render_card, render_html))
    assert "| alpha / sqrt(rank) | 2 |" in markdown
    assert "<dt>alpha / sqrt(rank)</dt><dd>2</dd>" in html


def test_stages_stand_side_by_side(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    part = environment_part(records(**everything))
    assert isinstance(part, EnvironmentPart)
    assert part.stages == ("training", "candidate's answers", "champion's answers", "reference's answers")
    facts = {fact.name: fact.values for fact in part.facts}
    assert facts["torch"] == 4 * ("2.13.0",)
    assert facts["uncommitted changes"] == 4 * (True,)


def test_a_stage_that_ran_elsewhere_says_so(records: Callable[..., CardRecords], imported: dict[str, Any]) -> None:
    assert environment_part(records(**imported)) == Absent(absent="neither training nor answers were run here")
    ours, theirs = records(), records(**imported)
    object.__setattr__(ours, "champion", SubjectRecords(ours.champion.evaluation, theirs.champion.responses))
    part = environment_part(ours)
    assert isinstance(part, EnvironmentPart)
    elsewhere = Absent(absent="answered elsewhere: claimed by whoever imported the log of lm-eval 0.4.9")
    assert all(fact.values[2] == elsewhere for fact in part.facts)
    assert isinstance(ours.candidate.responses.environment, Environment)


def test_where_trackers_have_the_run_is_shown_where_there_are_any(records: Callable[..., CardRecords]) -> None:
    given = records(training_fields={"tracked": {"wandb": "https://w/1|<b>", "mlflow": "sqlite:///m.db, run 7"}})
    markdown, html = (render(card_context(given)).text for render in (render_card, render_html))
    assert "Tracked by mlflow: `sqlite:///m.db, run 7`\n\nTracked by wandb: " in markdown
    assert "<p>Tracked by mlflow: <code>sqlite:///m.db, run 7</code></p>" in html
    assert "<p>Tracked by wandb: <code>https://w/1|&lt;b&gt;</code></p>" in html
    assert "Tracked by" not in render_card(card_context(records())).text + render_html(card_context(records())).text
