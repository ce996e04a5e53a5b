"""What happens follows the seasons, the places and the planted distributions that truth.json gives."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
import shapely.geometry

from pipelines.simulation.district import ADDRESSES_PER_BEAT, addresses
from pipelines.simulation.simulate import simulate

Truth = dict[str, Any]
MOMENT = "%Y-%m-%d %H:%M:%S"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    simulate(folder, 200_000, seed=11)
    return folder


@pytest.fixture(scope="module")
def told(large: Path) -> Truth:
    found: Truth = json.loads((large / "truth.json").read_text(encoding="utf-8"))
    return found


def _read(
    paths: Iterator[Path] | list[Path], times: list[str], form: str = MOMENT, encoding: str = "utf8"
) -> pl.DataFrame:
    frames = [
        pl.read_csv(
            path,
            infer_schema=False,
            truncate_ragged_lines=True,
            quote_char=None,
            encoding=encoding,
        )
        for path in paths
    ]
    return pl.concat(frames).with_columns(pl.col(times).str.to_datetime(form, strict=False))


@pytest.fixture(scope="module")
def incidents(large: Path) -> pl.DataFrame:
    found = _read(sorted((large / "data").glob("incidents_*.csv")), ["occurred", "reported", "arrived"])
    return found.filter(pl.col("occurred").is_between(pl.datetime(2023, 1, 1), pl.datetime(2026, 1, 1), closed="left"))


@pytest.mark.slow
def test_night_shares(incidents: pl.DataFrame, told: Truth) -> None:
    hour = pl.col("occurred").dt.hour()
    found = incidents.group_by("offence").agg(((hour >= 22) | (hour < 6)).mean().alias("share"), pl.len())
    for offence, share, n in found.rows():
        if offence in told["rhythm"]["night_share"]:
            expected = told["rhythm"]["night_share"][offence]
            assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / n) + 0.005
    shares = told["rhythm"]["night_share"]
    assert shares["burglary"] > shares["assault"] > shares["theft"]


@pytest.mark.slow
def test_weekdays_seasons_and_more_spread_than_chance(incidents: pl.DataFrame, told: Truth) -> None:
    days = incidents.group_by(pl.col("occurred").dt.date().alias("day")).len().sort("day")
    by_weekday = days.group_by(pl.col("day").dt.weekday()).agg(pl.col("len").mean()).sort("day")["len"].to_numpy()
    assert np.allclose(by_weekday / by_weekday.mean(), told["rhythm"]["weekday"], atol=0.05)
    by_month = days.group_by(pl.col("day").dt.month()).agg(pl.col("len").mean()).sort("day")["len"]
    assert by_month[6] > 1.1 * by_month[0]
    cells = incidents.group_by("beat", pl.col("occurred").dt.date()).len()
    one = cells.filter(pl.col("beat") == "HT01")["len"].cast(pl.Float64)
    assert float(one.var()) > 1.3 * float(one.mean())  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_planted_change_shows_where_and_when_it_is_planted(told: Truth, incidents: pl.DataFrame) -> None:
    change = told["planted_change"]
    thefts = incidents.filter(pl.col("offence") == "theft", pl.col("occurred") < pl.datetime(2025, 12, 1))
    is_after = (pl.col("occurred") >= pl.lit(change["from"]).str.to_datetime()).alias("after")
    counted = thefts.group_by(
        (pl.concat_str(pl.lit("beat-"), "beat") == change["area_id"]).alias("here"), is_after
    ).len()
    by_cell = {(here, after): count for here, after, count in counted.rows()}
    ratio = by_cell[True, True] / by_cell[True, False] / (by_cell[False, True] / by_cell[False, False])
    assert ratio == pytest.approx(change["factor"], rel=0.15)
    others = thefts.filter(pl.col("beat") == "HT01").group_by(is_after).len()
    elsewhere = dict(others.rows())
    assert elsewhere[True] / elsewhere[False] < 0.75 * by_cell[True, True] / by_cell[True, False]


def _close(seconds: pl.Series, told: Truth, rel: float) -> None:
    assert seconds.quantile(0.5, "linear") == pytest.approx(told["p50"], rel=rel)
    assert seconds.quantile(0.9, "linear") == pytest.approx(told["p90"], rel=rel)


@pytest.mark.slow
def test_response_times_have_the_planted_quantiles(incidents: pl.DataFrame, large: Path, told: Truth) -> None:
    times = told["response_times"]
    groups = dict(zip(("HT", "LP", "SY", "ZQ", "MA", "LZ"), times["incident_seconds"], strict=True))
    waited = (pl.col("arrived") - pl.col("reported")).dt.total_seconds().alias("waited")
    requests = _read([large / "data" / "requests.csv"], ["受理时间", "首次响应"], "%Y/%m/%d %H:%M", "gb18030")
    answered = (pl.col("首次响应") - pl.col("受理时间")).dt.total_minutes().alias("waited")
    for code, group in groups.items():
        of_district = incidents.filter(pl.col("beat").str.starts_with(code)).select(waited)["waited"].drop_nulls()
        _close(of_district, times["incident_seconds"][group], 0.07)
        of_district = requests.filter(pl.col("网格").str.starts_with(code)).select(answered)["waited"].drop_nulls()
        _close(of_district, times["request_minutes"][group], 0.09)
    patrols = pl.read_csv(large / "data" / "patrols.csv.gz", infer_schema=False)
    minutes = patrols["minutes"].cast(pl.Int64).drop_nulls()
    _close(minutes.filter(minutes > 0) * 60, times["patrol_seconds"], 0.04)
    missed = patrols.group_by(code=pl.col("beat").str.head(2)).agg(share=(pl.col("minutes") == "0").mean())
    shares = dict(missed.rows())
    for code, group in groups.items():
        assert shares[code] == pytest.approx(told["patrol_plans"]["missed"][group], rel=0.1)


def _near_pairs(burglaries: pl.DataFrame, days: int) -> int:
    """Count the burglaries that follow an earlier one in their block within so many days."""
    gap = pl.col("occurred").diff().over("block")
    return int(burglaries.sort("occurred").select((gap <= pl.duration(days=days)).sum()).item())


@pytest.mark.slow
def test_burglaries_follow_one_another(incidents: pl.DataFrame, told: Truth) -> None:
    near = told["near_repeat"]
    block = pl.col("address").str.extract(r"^(\d+)").cast(pl.Int64).sub(1) // near["addresses_per_block"]
    burglaries = incidents.filter(pl.col("offence") == "burglary", pl.col("beat").is_not_null()).select(
        pl.concat_str("beat", block).alias("block"), "occurred"
    )
    found = _near_pairs(burglaries, near["days"])
    rng = np.random.Generator(np.random.PCG64(1))
    mixed = burglaries.with_columns(burglaries["occurred"].gather(rng.permutation(burglaries.height)).alias("occurred"))
    assert found >= 0.9 * near["follow_ups"]
    assert found > 1.5 * _near_pairs(mixed, near["days"])
    assert 0.15 < near["follow_ups"] / near["burglaries"] < 0.45


@pytest.mark.slow
def test_few_places_have_much_of_it(incidents: pl.DataFrame, told: Truth) -> None:
    hot = told["hot_places"]
    number = incidents.filter(pl.col("offence") != "burglary")["address"].str.extract(r"^(\d+)").cast(pl.Int64)
    assert (number <= hot["hot_addresses"]).mean() == pytest.approx(hot["share"], abs=0.015)
    assert hot["share"] > 5 * hot["hot_addresses"] / hot["addresses_per_beat"]


@pytest.mark.slow
def test_weights_bring_the_survey_to_its_true_means(large: Path, told: Truth) -> None:
    answers = pl.read_csv(
        large / "data" / "survey.csv", infer_schema=False, truncate_ragged_lines=True, quote_char=None
    )
    usable = answers.with_columns(pl.col("answer", "weight").cast(pl.Float64, strict=False)).filter(
        pl.col("answer").is_between(1, 5), pl.col("weight") > 0
    )
    weighted = (pl.col("answer") * pl.col("weight")).sum() / pl.col("weight").sum()
    for item, mean, plain, sd, n in (
        usable.group_by("item")
        .agg(weighted, pl.col("answer").mean().alias("plain"), pl.col("answer").std().alias("sd"), pl.len())
        .rows()
    ):
        true = told["survey"]["items"][item]
        # Weighting costs some precision: twice the plain standard error, four times over.
        assert abs(mean - true["population_mean"]) < 8 * sd / np.sqrt(n)
        assert sd**2 == pytest.approx(true["population_variance"], rel=0.15)
        if item == "met_partner":
            assert abs(plain - true["population_mean"]) > abs(mean - true["population_mean"])
    by_group = (
        usable.filter(pl.col("beat").str.starts_with("HT"))
        .group_by("item", "group")
        .agg(pl.col("answer").mean(), pl.col("answer").std().alias("sd"), pl.len())
    )
    for item, group, mean, sd, n in by_group.rows():
        expected = told["survey"]["items"][item]["by_district_and_group"]["heting"][group]["mean"]
        assert abs(mean - expected) < 5 * sd / np.sqrt(n)


def test_the_broker_stands_between_all_others(truth: Truth) -> None:
    cooperation = truth["cooperation"]
    broker = cooperation["broker"]
    pairs = cooperation["by_district_and_pair"][broker["district"]]
    assert all(broker["agency"] in pair.split(">") for pair in pairs)
    possible = len(cooperation["agencies"]) * (len(cooperation["agencies"]) - 1)
    for district, density in cooperation["density"].items():
        assert len(cooperation["by_district_and_pair"][district]) / possible == pytest.approx(density, abs=1e-6)


def test_beats_tile_the_district_and_addresses_lie_in_theirs(district: Path) -> None:
    features = json.loads((district / "data" / "beats.geojson").read_text(encoding="utf-8"))["features"]
    shapes = [shapely.geometry.shape(each["geometry"]) for each in features]
    assert all(shape.is_valid for shape in shapes)
    assert all(one.intersection(other).area == 0 for one, other in itertools.combinations(shapes, 2))
    assert shapely.union_all(shapes).area == pytest.approx(sum(shape.area for shape in shapes))
    assert shapely.union_all(shapes).geom_type == "Polygon"
    book = addresses()
    lon, lat = (each.cast(pl.Float64).to_numpy() for each in (book.lon, book.lat))
    for number, shape in enumerate(shapes):
        own = slice(number * ADDRESSES_PER_BEAT, (number + 1) * ADDRESSES_PER_BEAT)
        assert shapely.contains_xy(shape, lon[own], lat[own]).all()
    assert len(lon) == len(shapes) * ADDRESSES_PER_BEAT
