"""What is planted of cooperation and of the survey comes back within the intervals that are published.

Payoffs of games are held against what is worked out by hand in `test_planted_methods`.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from dbt_like_sql.project import load_project
from dbt_like_sql.run import run_model
from indicators.survey_tables import survey_tables
from pipelines.loading import areas, context
from pipelines.loading.records import load_kind
from pipelines.pack.city import load_city_pack
from pipelines.pulling.pull import pull_source
from pipelines.simulation.district import DISTRICTS
from pipelines.simulation.seasons import AS_OF, FIRST_DAY
from pipelines.simulation.simulate import simulate
from tests.indicators.conftest import make_inputs
from tests.pipelines.released import table
from tests.pipelines.small_pack import SALT, warehouse

pytestmark = pytest.mark.slow
Truth = dict[str, Any]
# Of the simulation whose survey is looked at: a good thousand people answer.
SURVEY_ROWS = 300_000
CODES = {each.group_id: each.code for each in DISTRICTS}


def test_the_links_of_every_district_are_those_planted(home: Path, truth: Truth) -> None:
    told = truth["cooperation"]["linked"]
    pairs = table(
        home,
        "select area_id, list_sort([from_agency, to_agency]) as pair, max(together) + sum(handoffs) as cases "
        "from linkage_pairs group by all having cases >= 2",
    )
    found: dict[str, list[str]] = {}
    for area, pair, _ in pairs.rows():
        found.setdefault(area, []).append("-".join(pair))
    assert {area: sorted(found[area]) for area in told} == told


def test_density_and_brokers_are_the_planted_ones_within_their_limits(home: Path, truth: Truth) -> None:
    told = truth["cooperation"]
    rows = table(home, "select * from linkage where statistic = 'density' and area_level = 'district'")
    assert rows.height == len(told["linked"])
    for row in rows.to_dicts():
        planted = len(told["linked"][row["area_id"]]) / (row["agencies"] * (row["agencies"] - 1) / 2)
        assert row["lower"] - 1e-4 <= planted <= row["upper"] + 1e-4, row["area_id"]
    brokers = table(
        home,
        "select area_id, arg_max(agency, brokered_pairs) as agency, arg_max(agency, betweenness) as between "
        "from linkage_agencies group by all",
    )
    of = {area: {agency, between} for area, agency, between in brokers.rows()}
    assert of[told["broker"]["district"]] == {told["broker"]["agency"]}


def test_who_is_missing_is_who_was_left_out(home: Path, truth: Truth) -> None:
    rows = table(home, "select area_id, agency, standing from linkage_agencies where standing <> 'linked'")
    of_city = {(agency, standing) for area, agency, standing in rows.rows() if area == "city"}
    told = truth["cooperation"]
    assert of_city == {(agency, why) for why in ("absent", "alone") for agency in told[why]}
    # A pair that hands nothing on anywhere is named; one that does is not.
    silent = table(
        home, "select from_agency, to_agency from linkage_pairs where area_id = 'city' and handoffs = 0"
    ).rows()
    used = {way for ways in told["by_district_and_pair"].values() for way in ways}
    assert silent
    assert all(f"{one}>{other}" not in used and f"{other}>{one}" not in used for one, other in silent)


def test_no_change_is_told_where_none_is_planted(home: Path) -> None:
    tested = table(home, "select area_id, statistic, p_value, q_value from linkage where p_value is not null")
    assert tested.height >= 20
    assert tested.filter(pl.col("q_value") <= 0.1).is_empty()


def test_delays_of_every_pair_hold_the_planted_one(home: Path, truth: Truth) -> None:
    told = truth["cooperation"]["acknowledged_hours"]
    rows = table(home, "select * from linkage_pairs where delay_lower is not null and delay_upper is not null")
    assert rows.height >= 20
    within = rows.filter(pl.col("delay_lower") <= told, pl.col("delay_upper") >= told)
    assert within.height >= 0.88 * rows.height
    assert rows.filter(pl.col("handoffs") < 10).is_empty()


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, pl.DataFrame], Truth, Any]:
    """The tables of a larger survey, through the loader and the models of its records."""
    folder = tmp_path_factory.mktemp("surveyed")
    truth = simulate(folder, SURVEY_ROWS, 11)
    declared = yaml.safe_load((folder / "city.yml").read_text(encoding="utf-8"))
    declared["sources"] = {"survey": declared["sources"]["survey"]}
    (folder / "city.yml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    pack, project = load_city_pack(folder), load_project()
    with warehouse() as con:
        areas.load_areas(con, pack)
        context.write_context(con, pack, AS_OF)
        pull_source(con, pack, "survey", salt=SALT)
        for kind in pack.kinds:
            load_kind(con, pack, kind, AS_OF)
        for name in ("stg_survey", "ext_survey_answer"):
            run_model(con, project.model(name))
        answers = con.sql("from extracts.ext_survey_answer order by all").pl()
        tree = con.sql("from staging.area order by all").pl()
    assert pack.questionnaire is not None
    inputs = replace(
        make_inputs({}, [("survey", "survey", FIRST_DAY, AS_OF)], as_of=AS_OF),
        areas=tree,
        extracts={"ext_survey_answer": answers},
        questionnaire=pack.questionnaire.asked(),
    )
    return survey_tables(inputs), truth, pack.questionnaire


def of_group(truth: Truth, item: str, area: str, group: str) -> list[float] | None:
    """True shares of each answer in a district's group, or in the city's: districts by how many of it live there."""
    told = truth["survey"]
    groups = told["items"][item]["by_district_and_group"]
    if area in groups:
        found: list[float] = groups[area][group]["shares"]
        return found
    if area != "city" or item == "reported":
        return None
    lived = {beat: people["first"] for beat, people in truth["people"]["population"].items()}
    living = {
        district: told["population_shares"][district][group]
        * sum(people for beat, people in lived.items() if beat[5:7] == CODES[district])
        for district in groups
    }
    whole = sum(living.values())
    return [sum(living[d] / whole * groups[d][group]["shares"][at] for d in groups) for at in range(5)]


def planted(truth: Truth, questionnaire: Any, area: str, group: str, measured: str) -> float | None:
    """The true share or mean behind an estimate; None where it is not told of this area and group."""
    items = truth["survey"]["items"]
    of = {"residents": "resident", "new_citizens": "new_citizen"}
    scales = questionnaire.scales
    named = scales.get(measured) or [getattr(questionnaire.questions, measured).item]
    shares = []
    for item in named:
        if area == "city" and group == "all":
            shares.append(items[item]["population_shares"])
        else:
            told = of_group(truth, item, area, of[group]) if group in of else None
            if told is None:
                return None
            shares.append(told)
    if measured in scales:
        means = [sum(answer * share for answer, share in enumerate(each)) for each in shares]
        return 100 * sum(means) / len(means) / 4
    return 100 * (shares[0][0] if measured == "reported" else shares[0][3] + shares[0][4])


def test_survey_means_and_shares_lie_within_their_intervals(surveyed: tuple[Any, Truth, Any]) -> None:
    """Of every wave, district and group: at 95 %, of many that hang together nine in ten at least."""
    tables, truth, questionnaire = surveyed
    rows = tables["survey_estimates"].filter(status="final").to_dicts()
    held = {"share": [], "mean": []}
    for row in rows:
        told = planted(truth, questionnaire, row["area_id"], row["person_group"], row["measured"])
        if told is not None:
            kind = "mean" if row["measured"] in questionnaire.scales else "share"
            held[kind].append(row["lower"] <= told <= row["upper"])
    assert len(held["share"]) > 60
    assert len(held["mean"]) > 20
    for kind, within in held.items():
        assert sum(within) >= 0.9 * len(within), (kind, sum(within), len(within))


def test_no_change_between_waves_is_told_where_none_is_planted(surveyed: tuple[Any, Truth, Any]) -> None:
    tables, _, _ = surveyed
    tested = tables["survey_estimates"].filter(pl.col("change_p").is_not_null())
    assert tested.height > 30
    assert tested.filter(pl.col("change_q") <= 0.1).height <= 0.03 * tested.height
    around = tested.filter(pl.col("change_lower") <= 0, pl.col("change_upper") >= 0)
    assert around.height >= 0.9 * tested.height


def test_new_citizens_feel_less_safe_as_planted(surveyed: tuple[Any, Truth, Any]) -> None:
    tables, truth, _ = surveyed
    gaps = tables["survey_gaps"].filter(area_id="city", measured="feels_safe", status="final")
    assert gaps.height == 3
    groups = truth["survey"]["items"]["safe_night"]["by_district_and_group"]
    apart = [sum(each["resident"]["shares"][3:]) - sum(each["new_citizen"]["shares"][3:]) for each in groups.values()]
    # The city's gap lies among those of its districts, give or take where new citizens live.
    for row in gaps.to_dicts():
        assert row["gap_lower"] <= 100 * max(apart) + 3
        assert row["gap_upper"] >= 100 * min(apart) - 3
        assert row["residents"] > row["new_citizens"]


def test_truth_is_written_as_json(district: Path) -> None:
    told = json.loads((district / "truth.json").read_text(encoding="utf-8"))["cooperation"]
    assert told["acknowledged_hours"] == pytest.approx(3.262, abs=0.001)
