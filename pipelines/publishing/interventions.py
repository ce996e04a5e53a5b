"""Interventions that a pack declares, evaluated on what is published, with their titles.

The statistics are in `indicators/interventions`; what a pack may declare is in `pack/interventions`.
"""

from datetime import date

import polars as pl

from indicators.interventions import Evaluations, evaluate_interventions
from pipelines.pack.city import CityPack

_TITLES = ("title_en", "title_zh", "note_en", "note_zh")


def evaluate(
    pack: CityPack, values: pl.DataFrame, areas: pl.DataFrame, availability: pl.DataFrame, as_of: date
) -> Evaluations:
    """Evaluate the interventions of a pack; frames as `evaluate_interventions` takes them.

    Returns
    -------
    Evaluations
        As there, `results` with title_en, title_zh, note_en and note_zh besides.
    """
    declared = pack.interventions
    found = evaluate_interventions(
        [each.evaluated(name) for name, each in declared.items()], values, areas, availability, as_of
    )
    told = pl.DataFrame(
        [
            (name, each.title.en, each.title.zh, *((each.note.en, each.note.zh) if each.note else (None, None)))
            for name, each in declared.items()
        ],
        schema=dict.fromkeys(("intervention_id", *_TITLES), pl.String),
        orient="row",
    )
    titled = found.results.join(told, on="intervention_id", maintain_order="left")
    others = [column for column in found.results.columns if column != "intervention_id"]
    return Evaluations(titled.select("intervention_id", *_TITLES, *others), found.months)
