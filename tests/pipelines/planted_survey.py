"""Answers to the simulated district's survey, without any defect, with the pack that reads them.

Here: making the answers, and all that figures of them are computed from. Not here: any claim.
"""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from indicators.inputs import DOUBTFUL_COLUMNS, Inputs
from pipelines.loading import areas, context
from pipelines.pack.city import load_city_pack
from pipelines.simulation.district import write_areas
from pipelines.simulation.people import Survey
from pipelines.simulation.simulate import PACK
from tests.pipelines.small_pack import warehouse

AS_OF = date(2025, 12, 31)


def answers(respondents: int, seed: int) -> pl.DataFrame:
    """Draw `ext_survey_answer` of so many respondents in six waves."""
    rng, stream = np.random.default_rng(seed), Survey()
    counts = stream.counts(rng, respondents)
    day, beat = (np.repeat(each, counts.ravel()) for each in np.indices(counts.shape).reshape(2, -1))
    rows = stream.rows(rng, day, beat, np.arange(len(day)), whole=True)
    residence = {"resident": "registered", "new_citizen": "not_registered", "enterprise": "enterprise"}
    return rows.select(
        source=pl.lit("survey"),
        survey_id=pl.format("{}/{}/{}", "respondent", "wave", "item"),
        geography=pl.lit("beat"),
        area_id=pl.format("beat-{}", "beat"),
        day="answered",
        wave="wave",
        respondent_key=pl.col("respondent").cast(pl.String),
        person_group="group",
        response_status="status",
        stratum="stratum",
        cluster="beat",
        weight="weight",
        margin_age="age",
        margin_gender="gender",
        margin_residence=pl.col("group").replace_strict(residence),
        margin_education=pl.lit(None, pl.String),
        item="item",
        answer=pl.col("answer").cast(pl.String),
    )


def inputs(given: pl.DataFrame, folder: Path) -> Inputs:
    """Return what figures of these answers are computed from, with the bundled pack's areas and questionnaire."""
    (folder / "data").mkdir(parents=True)
    shutil.copyfile(PACK, folder / PACK.name)
    write_areas(folder / "data")
    pack = load_city_pack(folder)
    assert pack.questionnaire is not None
    with warehouse() as con:
        areas.load_areas(con, pack)
        context.write_context(con, pack, AS_OF)
        tables = {name: con.sql(f"from staging.{name}").pl() for name in ("area", "field_map", "source")}
    spans = pl.DataFrame(
        {"source": ["survey"], "kind": ["survey"], "first_day": [given["day"].min()], "last_day": [given["day"].max()]}
    )
    texts = dict.fromkeys(DOUBTFUL_COLUMNS, pl.String)
    counts = dict.fromkeys(("refused", "contested"), pl.Int64)
    days = dict.fromkeys(("day", "last_day", "due_day"), pl.Date)
    return Inputs(
        measures={},
        areas=tables["area"],
        profile=pl.DataFrame(schema={"area_id": pl.String, "valid_from": pl.Date, "population": pl.Int64}),
        field_map=tables["field_map"],
        severity_weights=pl.DataFrame(schema={"category": pl.String, "weight": pl.Int64}),
        spans=spans.with_columns(records=pl.lit(given.height)),
        sources=tables["source"],
        doubtful=pl.DataFrame(schema={**texts, **counts, **days}),
        as_of=AS_OF,
        extracts={"ext_survey_answer": given},
        questionnaire=pack.questionnaire.asked(),
    )
