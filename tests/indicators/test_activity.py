"""The demonstration docs/demonstrations/activity-is-not-outcome.md: stops, what they found, and thefts."""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from docs.pictures import activity
from indicators.change import e_test
from indicators.dispersion import dispersion
from indicators.intervals import ratio_of_counts_limits, wilson_limits
from tests.indicators.new_york import DATA, residents, vehicle_thefts

FOLDER = Path(__file__).parents[2] / "docs" / "demonstrations"
YEARS = (2014, 2016)
WEAPONS = ("pistol", "riflshot", "asltweap", "knifcuti", "machgun", "othrweap")
OUTCOMES = ("arstmade", "sumissue", "contrabn")


@cache
def stops() -> pl.DataFrame:
    """One row per stop of the two years, but for the blank record that ends 2016: area_id, year, has_finding."""
    found = pl.any_horizontal(pl.col(OUTCOMES) == "Y") | pl.any_horizontal(pl.col(WEAPONS).is_in(["Y", "1"]))
    years = [
        pl.read_csv(DATA / f"stops_{year}.csv.gz", columns=["pct", "datestop", *OUTCOMES, *WEAPONS], infer_schema=False)
        .with_columns(pl.all().str.strip_chars().fill_null(""))
        .filter(pl.col("datestop") != "")
        .select(area_id="pct", year=pl.lit(year), has_finding=found)
        for year in YEARS
    ]
    return pl.concat(years)


@cache
def precincts() -> pl.DataFrame:
    """Stops and thefts of each precinct in each of the years: area_id, stops_2014, …, thefts_2016."""
    thefts = vehicle_thefts().select("area_id", year=pl.col("day").dt.year())
    table = residents().select("area_id")
    for name, rows in (("stops", stops()), ("thefts", thefts)):
        for year in YEARS:
            counted = rows.filter(pl.col("year") == year).group_by("area_id").agg(pl.len().alias(f"{name}_{year}"))
            table = table.join(counted, on="area_id", how="left")
    return table.fill_null(0).sort("area_id")


@cache
def shootings(year: int) -> int:
    """Shooting incidents of a year; the file has a row for each victim."""
    rows = pl.read_csv(
        DATA / "shooting_victims_2006_2023.csv.gz", columns=["INCIDENT_KEY", "OCCUR_DATE"], infer_schema=False
    )
    return rows.filter(pl.col("OCCUR_DATE").str.starts_with(str(year)))["INCIDENT_KEY"].n_unique()


def ratios(name: str, table: pl.DataFrame) -> np.ndarray:
    return (table[f"{name}_2016"] / table[f"{name}_2014"]).to_numpy()


def picture() -> str:
    table = precincts()
    both = [float(table[f"{name}_2016"].sum() / table[f"{name}_2014"].sum()) for name in ("stops", "thefts")]
    return activity(
        ratios("stops", table), ratios("thefts", table), table["thefts_2014"].to_numpy(), (both[0], both[1])
    )


def change(before: float, after: float) -> str:
    return f"{before:,} | {after:,} | {after / before - 1:+.1%}".replace(",", " ")


def printed(line: str) -> str:
    return line.replace("%", " %").replace("-", "−")


@pytest.mark.slow
def test_stops_fell_by_three_quarters_and_thefts_did_not_rise() -> None:
    page = (FOLDER / "activity-is-not-outcome.md").read_text(encoding="utf-8")
    table, totals = precincts(), precincts().sum()
    then, now = (stops().filter(pl.col("year") == year)["has_finding"] for year in YEARS)
    lines = [
        f"| stops | {change(totals['stops_2014'][0], totals['stops_2016'][0])} |",
        f"| of these with a finding | {change(int(then.sum()), int(now.sum()))} |",
        f"| vehicle thefts | {change(totals['thefts_2014'][0], totals['thefts_2016'][0])} |",
        f"| shootings | {change(shootings(2014), shootings(2016))} |",
    ]
    shares = []
    for flags in (then, now):
        low, high = (float(limit) for limit in wilson_limits(int(flags.sum()), len(flags)))
        shares.append(f"{flags.mean():.1%} ({low:.1%} to {high:.1%})")
    lines.append(f"| share with a finding (its limits) | {shares[0]} | {shares[1]} |")
    # How much the thefts of precincts drift apart between the two years, beyond chance.
    phi = dispersion(table.select("thefts_2014", "thefts_2016").to_numpy()).phi
    before, after = (totals[f"thefts_{year}"][0] / phi for year in YEARS)
    low, high = (float(limit) - 1 for limit in ratio_of_counts_limits(after, before))
    p_value = e_test(after * phi, before * phi, dispersion=phi)[0]
    lines.append(f"between {low:+.1%} and {high:+.1%} (φ = {phi:.1f}), p = {p_value:.3f}")
    for line in lines:
        assert printed(line) in page, line


def test_where_more_stops_were_given_up_thefts_did_not_rise_more() -> None:
    page = (FOLDER / "activity-is-not-outcome.md").read_text(encoding="utf-8")
    table = precincts()
    x, y = ratios("stops", table), ratios("thefts", table)
    rank = stats.spearmanr(x, y)
    assert f"rank correlation of the two changes is {rank.statistic:.2f} (p = {rank.pvalue:.2f})" in page
    assert f"{(x < 1).sum()} of {len(x)} precincts" in page
    third = len(x) // 3
    most, least = np.argsort(x)[:third], np.argsort(x)[-third:]
    for words, rows in (("most", most), ("least", least)):
        part = table[rows.tolist()].sum()
        given_up, thefts = (part[f"{name}_2016"][0] / part[f"{name}_2014"][0] - 1 for name in ("stops", "thefts"))
        line = f"| {third} precincts that gave up {words} | {given_up:+.0%} | {thefts:+.1%} |"
        assert printed(line) in page, line


def test_the_picture_is_of_these_numbers() -> None:
    assert (FOLDER / "activity-is-not-outcome.svg").read_text(encoding="utf-8") == picture()
