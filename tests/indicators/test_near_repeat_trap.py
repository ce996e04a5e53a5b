"""The demonstration docs/demonstrations/near-repeat-trap.md: its figures, and what it claims."""

import re
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from docs.pictures import near_repeats
from indicators.near_repeat import Bands, Events, events_of, knox_table

ROOT = Path(__file__).resolve().parents[2]
THEFTS = ROOT / "cities" / "nyc" / "data" / "vehicle_thefts_2014_2017.csv.gz"
PAGE = ROOT / "docs" / "demonstrations" / "near-repeat-trap.md"
BANDS = Bands((0, 100, 200, 400), (0, 7, 14, 28), metric="euclidean")
EARTH_METRES = 6_371_008.8


@cache
def thefts_of_2016() -> Events:
    """New York's vehicle thefts of 2016 as the extract has them, those known to a day or two."""
    text = pl.read_csv(THEFTS, columns=["date_start", "date_end", "latitude", "longitude"], infer_schema=False)
    lat, lon = (text[c].cast(pl.Float64).to_numpy() * np.pi / 180 for c in ("latitude", "longitude"))
    return events_of(
        text.select(
            day=pl.col("date_start").str.to_date("%Y-%m-%d %H:%M"),
            last_day=pl.coalesce("date_end", "date_start").str.to_date("%Y-%m-%d %H:%M"),
            address_key=pl.lit(None, pl.String),
            x_metres=pl.Series(np.rint(EARTH_METRES * np.cos(lat) * np.cos(lon))).cast(pl.Int64),
            y_metres=pl.Series(np.rint(EARTH_METRES * np.cos(lat) * np.sin(lon))).cast(pl.Int64),
            z_metres=pl.Series(np.rint(EARTH_METRES * np.sin(lat))).cast(pl.Int64),
            incidents=pl.lit(1),
        ).filter(pl.col("day").is_between(date(2016, 1, 1), date(2016, 12, 31)))
    )


@pytest.fixture(scope="module")
def thefts() -> Events:
    return thefts_of_2016()


def together(events: Events) -> Events:
    return Events(events.metres, events.days)


def first_week(found: pl.DataFrame, same_address: bool = False) -> dict[str, float]:
    """The band of under 100 m, or of one address, and under 7 days."""
    return found.filter((pl.col("is_same_address") == same_address) & (pl.col("days_from") == 0)).row(0, named=True)


def described(row: dict[str, float]) -> str:
    limits = f"{row['lower']:.2f} to {row['upper']:.2f}"
    return f"{row['observed']} | {row['expected']:.1f} | {row['ratio']:.2f} ({limits}) | {row['p_value']:.3f}"


@cache
def told() -> dict[str, dict[str, float]]:
    """The rows of the page's table."""
    events = thefts_of_2016()
    pooled, apart = (knox_table(each, BANDS, 999) for each in (together(events), events))
    return {
        "nearer than 100 m, the same point with them": first_week(pooled),
        "at the same point": first_week(apart, same_address=True),
        "nearer than 100 m, at another point": first_week(apart),
    }


def picture() -> str:
    names = ("under 100 m, or at the same point", "at the same point", "under 100 m, at another point")
    rows = [
        (name, *(row[column] for column in ("ratio", "lower", "upper")))
        for name, row in zip(names, told().values(), strict=True)
    ]
    return near_repeats(rows)


@pytest.mark.slow
def test_the_page_tells_what_the_records_give(thefts: Events) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert PAGE.with_suffix(".svg").read_text(encoding="utf-8") == picture()
    for label, row in told().items():
        assert f"| {label} | {described(row)} |" in page
    assert f"{len(thefts.days):,} thefts" in page
    assert f"{thefts.left_out:,} more" in page
    assert f"one point alone has {np.bincount(thefts.addresses).max()} thefts" in page
    assert "Three in five" in page
    both, same, _ = told().values()
    assert 0.55 < same["observed"] / both["observed"] < 0.65


def test_pairs_at_one_point_are_most_of_the_near_repeats(thefts: Events) -> None:
    pooled, apart = (knox_table(events, BANDS, 99) for events in (together(thefts), thefts))
    same, near, both = first_week(apart, same_address=True), first_week(apart), first_week(pooled)
    assert same["observed"] + near["observed"] == both["observed"]
    assert same["observed"] > near["observed"]
    assert near["ratio"] < both["ratio"] < same["ratio"]
    # Further off both tables are one.
    beyond = [found.filter(pl.col("metres_from") >= 100).drop("p_value") for found in (pooled, apart)]
    assert beyond[0].equals(beyond[1])


@pytest.mark.slow
def test_without_any_near_repeat_the_pooled_ratio_still_finds_them(thefts: Events) -> None:
    page = PAGE.read_text(encoding="utf-8")
    random = np.random.default_rng(1)
    addresses, first = np.unique(thefts.addresses, return_index=True)
    found = []
    for _ in range(20):
        # Every point goes to another one's place, with all its thefts and their dates: neighbours become strangers.
        places = thefts.metres[first][random.permutation(len(addresses))]
        moved = Events(places[np.searchsorted(addresses, thefts.addresses)], thefts.days, thefts.addresses)
        found.append([first_week(knox_table(events, BANDS, 99)) for events in (together(moved), moved)])
    pooled, apart = (np.array([each[n]["ratio"] for each in found]) for n in (0, 1))
    rejected = [sum(each[n]["p_value"] <= 0.05 for each in found) for n in (0, 1)]
    assert rejected[0] == 20
    assert rejected[1] <= 4
    assert apart.mean() == pytest.approx(1, abs=0.1)
    claimed = re.search(
        r"ratio of ([\d.]+) on average, .* in (\d+) of 20; .* ([\d.]+), .* in (\d+) of 20", page, re.DOTALL
    )
    assert claimed is not None
    assert claimed.groups() == (f"{pooled.mean():.2f}", str(rejected[0]), f"{apart.mean():.2f}", str(rejected[1]))
