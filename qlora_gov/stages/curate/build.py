"""From sources and steps to a dataset version on one machine: batches in several processes, passage by passage."""

from __future__ import annotations

from contextlib import closing

from qlora_gov.stages.curate.account import Account, conclude
from qlora_gov.stages.curate.course import Course, chosen, left_batches, passages_of, read_batches, show_held_out
from qlora_gov.stages.curate.freezing import Curated, Workshop
from qlora_gov.stages.curate.pool import passed_all
from qlora_gov.stages.curate.sketches import SketchFile
from qlora_gov.stages.curate.uses import Curation


def curate_dataset(curation: Curation, shop: Workshop) -> Curated:
    """Curate a dataset. Raises DataError where no rows are left, saying where they went."""
    passages = passages_of(curation, shop.files)
    shop.progress.begin(f"curating {curation.role} data", len(curation.sources) + len(passages) - 1)
    show_held_out(curation)
    course, account = Course(), Account()
    batches = read_batches(enumerate(curation.sources), shop.work / "passage-0", account.read, shop.progress)
    for number, (passage, chooser) in enumerate(passages):
        spent, course = course.parts, Course()
        with closing(SketchFile(shop.work / f"sketches-{number}")) as sketches:
            for at, done in enumerate(passed_all(batches, passage, shop.processes, shop.directories)):
                course.add(done)
                account.add(done)
                sketches.write(done.sketches)
                if spent:
                    spent[at].unlink()
            if chooser is not None:
                drops = chosen(chooser.step, course, sketches)
                batches = left_batches(course, drops, chooser, shop.work / f"passage-{number + 1}")
                shop.progress.advance(1, f"{sum(course.sizes) - len(drops):,} rows left")
    if curation.mixer is not None:
        account.mixing = curation.mixer.mixing
    return conclude(curation, course, account, shop)
