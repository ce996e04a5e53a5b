"""An attack by what readers can take away: files of protected figures, of records that are known here.

The figures are those that the engine makes of simulated records under a profile, in a release of the sample city. The
attacker takes the files of every month and area, turns rates into counts with the population that everybody knows, and
puts all into one linear program. Dashboards read nothing but the release (a contract of the imports holds that).
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import duckdb
import numpy as np
import polars as pl
import pytest
from dash import html
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from dashboards.address import DOWNLOADS, FORMATS, PAGES, REACHED, View, href
from dashboards.app import create_app
from dashboards.components.grid import GRID
from dashboards.components.layout import TABLE
from dashboards.encoding import as_json
from dashboards.exporting import Table, as_csv, as_xlsx, find_table
from dashboards.releases import Releases
from dashboards.rendering import draw_page
from indicators.areas import AreaTree
from indicators.comparison import compare
from indicators.compute import compute
from indicators.disclosure import Disclosure, Shown
from indicators.families import families
from indicators.inputs import Inputs
from indicators.population import DAYS_PER_YEAR
from indicators.tellings import Tellings
from tests.dashboards import reading, sample_release
from tests.indicators.attacker import attack
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import M, incident, reports
from tests.indicators.twins import Twins, laid_over

INDICATOR = "B1_theft"
MONTHS = [date(2016, month, 1) for month in range(1, 13)]
ENTRY = make_entry(id=INDICATOR, unit="per_10k_year", decimals=6, period_kinds=["month", "quarter", "year"])
POPULATION = 60_000
pytestmark = pytest.mark.slow


class Attacked:
    """A protected release as it is served, with the counts behind it, shape (areas, months)."""

    def __init__(
        self, folder: Path, like: Path, profile: Literal["hes", "acro"], drawn: np.ndarray | None = None
    ) -> None:
        areas = _areas(like)
        self.areas = sorted(areas["area_id"])
        leaves = areas.filter(~pl.col("is_unallocated") & pl.col("parent_id").is_not_null())["area_id"].sort()
        if drawn is None:
            draw = np.random.default_rng(8)
            means = draw.choice([0.5, 3.0, 7.0, 20.0, 60.0], size=(len(leaves), 1))
            drawn = draw.poisson(means, (len(leaves), len(MONTHS)))
        self.leaves = [self.areas.index(leaf) for leaf in leaves]
        self.counts = np.zeros((len(self.areas), len(MONTHS)), dtype=np.int64)
        for leaf, row in zip(leaves, drawn, strict=True):
            self.counts[[self.areas.index(leaf), self.areas.index("city")]] += row
        self.tellings = Tellings()
        inputs = _inputs(areas, leaves.to_list(), drawn, Disclosure(profile), self.tellings)
        figures = compute([ENTRY], inputs)
        tables = {
            "indicator_values": figures.values,
            "indicator_limits": figures.limits,
            "comparisons": compare(figures.values, [ENTRY], areas.with_columns(peer_group=pl.lit(None, pl.String))),
        }
        _write(folder, like, tables, profile)
        self.disclosure, self.among = Disclosure(profile), families(AreaTree(areas), self.areas)
        self._database = str((folder / "releases" / "current").resolve() / "release.duckdb")
        self.releases = Releases(folder)
        self.client = create_app(self.releases).server.test_client()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the release's file itself."""
        with _attached(self._database) as con:
            return con.execute(query).fetchall()


def _attached(database: str) -> duckdb.DuckDBPyConnection:
    """Open a release that the dashboard may have open, too, with settings of its own."""
    con = duckdb.connect()
    con.execute(f"attach '{database}' as served (read_only)")
    con.execute("use served")
    return con


def _areas(home: Path) -> pl.DataFrame:
    with _attached(str((home / "releases" / "current").resolve() / "release.duckdb")) as con:
        return con.sql("select area_id, parent_id, geography, area_level, is_unallocated from areas").pl()


def _inputs(
    areas: pl.DataFrame, leaves: list[str], counts: np.ndarray, disclosure: Disclosure, tellings: Tellings
) -> Inputs:
    rows = [
        incident(leaf, start, ppm=int(count) * M, geography="precinct")
        for leaf, row in zip(leaves, counts, strict=True)
        for start, count in zip(MONTHS, row, strict=True)
        if count
    ]
    small = make_inputs(
        {"msr_incident_day": rows},
        reports(date(2016, 1, 1), date(2016, 12, 31)),
        as_of=date(2016, 12, 31),
        profile=pl.DataFrame(
            [(leaf, date(2015, 1, 1), POPULATION) for leaf in leaves],
            schema={"area_id": pl.String, "valid_from": pl.Date, "population": pl.Int64},
            orient="row",
        ),
    )
    precinct = pl.lit("precinct").alias("geography")
    geography = pl.when(pl.col("area_id") != "city").then(precinct)
    return Inputs(
        **{
            **vars(small),
            "areas": areas.with_columns(geography=geography),
            "spans": small.spans.with_columns(precinct),
            "sources": small.sources.with_columns(precinct),
            "disclosure": disclosure,
            "tellings": tellings,
        }
    )


def _write(folder: Path, like: Path, tables: dict[str, pl.DataFrame], profile: str) -> None:
    """Write the sample release with these figures in place of the indicator's, and of all made of them."""
    sql = [f"update release_info set disclosure = '{profile}', release_id = 'attacked'"]
    beside = ("changes", "year_comparisons", "targets", "alarms", "nowcasts", "gap_charts", "revisions")
    sql += [f"delete from {table} where indicator_id = '{INDICATOR}'" for table in beside]
    (folder / "releases").mkdir(parents=True)
    for table, frame in tables.items():
        stored = folder / f"{table}.parquet"
        frame.write_parquet(stored)
        sql.append(f"delete from {table} where indicator_id = '{INDICATOR}'")
        sql.append(f"insert into {table} by name select * from read_parquet('{stored}')")
    sample_release.write_changed(folder, like, ";".join(sql))


@pytest.fixture(scope="module", params=["hes", "acro"])
def attacked(
    request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Attacked]:
    made = Attacked(tmp_path_factory.mktemp(request.param), home, request.param)
    yield made
    made.releases.close()


def _file(client: FlaskClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200, address
    lines = [line for line in answer.get_data(as_text=True).splitlines(keepends=True) if not line.startswith("# ")]
    return list(csv.DictReader(io.StringIO("".join(lines))))


def _titles(attacked: Attacked) -> dict[str, str]:
    return dict(attacked.rows("select title_en, area_id from areas"))


def _numbers(row: dict[str, str]) -> dict[str, float]:
    found = {}
    for name, text in row.items():
        try:
            found[name] = float(text)
        except ValueError:
            continue
    return found


def test_files_tell_no_withheld_count_to_whoever_knows_the_population(attacked: Attacked) -> None:
    """The map's file of each month, its rates turned into counts, and what is shown of the city."""
    titles, told = _titles(attacked), attacked.tellings.noted().filter(counted="numerator")
    low, high, is_withheld = (np.zeros(attacked.counts.shape, dtype=kind) for kind in (np.int64, np.int64, np.bool_))
    for at, start in enumerate(MONTHS):
        days = ((start.replace(month=start.month % 12 + 1, year=2016 + start.month // 12)) - start).days
        person_years = POPULATION * days / DAYS_PER_YEAR
        rows = _file(
            attacked.client, f"/download/csv/overview/map?indicator={INDICATOR}&by=month&period={start}&lang=en"
        )
        assert len(rows) >= 70
        for row in rows:
            area = attacked.areas.index(titles[row["area"]])
            if row["status"] == "withheld":
                assert _numbers(row) == {}, row
                low[area, at], high[area, at] = 0, attacked.disclosure.smallest_shown - 1
                is_withheld[area, at] = True
                continue
            shown = attacked.disclosure.show([round(float(row["value"]) * person_years / ENTRY.per)])
            low[area, at], high[area, at] = shown.low[0], shown.high[0]
    leaves = [family.area for family in attacked.among if not family.parts]
    assert is_withheld.sum() > 100
    assert np.all((low[leaves] <= attacked.counts[leaves]) & (attacked.counts[leaves] <= high[leaves]))
    of_city = told.filter(area_id="city").sort("period_start")
    city = attacked.areas.index("city")
    low[city], high[city] = of_city["least"], of_city["most"]
    # Zeros are withheld only where the files say so, of which the attacker knows by what is said elsewhere.
    known = told.filter("is_withheld").select("area_id", "period_start", "least").rows()
    for area_id, start, least in known:
        if area_id != "city":
            low[attacked.areas.index(area_id), MONTHS.index(start)] = least
    found = attack(Shown((low + high) // 2, low, high, is_withheld), attacked.among)
    assert [each for each in found if each.at[0] != city] == []


def _views(attacked: Attacked) -> list[View]:
    """Every page, of the indicator, of areas with counts of all sizes, and of a month and a year."""
    leaves = [family.area for family in attacked.among if not family.parts]
    chosen = [attacked.areas[each] for each in (leaves[0], leaves[7], leaves[20], leaves[40], leaves[60])]
    kinds = (("month", date(2016, 5, 1)), ("quarter", date(2016, 4, 1)), ("year", date(2016, 1, 1)))
    return [
        View(page=page, indicator=INDICATOR, areas=areas, period_kind=kind, period=start, language="en")
        for page in (*PAGES, *REACHED)
        for kind, start in kinds
        for areas in (tuple(chosen), (chosen[1],), ("city",))
    ]


def _numbers_in(told: Any) -> Iterator[float]:
    """All numbers of an answer, those that stand in its texts to four decimals and more included."""
    if isinstance(told, dict):
        for each in told.values():
            yield from _numbers_in(each)
    elif isinstance(told, list):
        for each in told:
            yield from _numbers_in(each)
    elif isinstance(told, str):
        yield from (float(text.replace(",", "")) for text in re.findall(r"\d[\d,]*\.\d{4,}", told))
    elif isinstance(told, int | float) and not isinstance(told, bool):
        yield float(told)


def _rate(count: int, days: int, people: int = POPULATION) -> float:
    assert ENTRY.per is not None
    return count * ENTRY.per * DAYS_PER_YEAR / (people * days)


def _holds(numbers: np.ndarray, rates: list[float]) -> list[float]:
    """Those of the rates that are among sorted numbers, to what six decimals tell."""
    at = np.searchsorted(numbers, np.array(rates) - 6e-7)
    return [
        rate for rate, first in zip(rates, at, strict=True) if first < len(numbers) and numbers[first] <= rate + 6e-7
    ]


def test_no_page_tells_the_rate_of_a_small_or_an_exact_count(attacked: Attacked) -> None:
    """Neither in words nor in tables, nor in what its charts are drawn from: lines, tooltips and all."""
    smallest = attacked.disclosure.smallest_shown
    lengths = (29, 30, 31, 91, 92, 366)
    small = [_rate(count, days) for count in range(1, smallest) for days in lengths]
    leaves = sum(not family.parts for family in attacked.among)
    city = attacked.counts[attacked.areas.index("city")]
    ends = np.cumsum([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    spans = [(at, at + 1) for at in range(12)] + [(at, at + 3) for at in (0, 3, 6, 9)] + [(0, 12)]
    exact = [
        _rate(int(count), int(ends[last] - ends[first]), POPULATION * leaves)
        for first, last in spans
        if (count := city[first:last].sum()) % 5
    ]
    shown = [_rate(5 * fives, days) for fives in range(2, 30) for days in lengths]
    seen: set[float] = set()
    release = attacked.releases.named(None)
    for view in _views(attacked):
        told = json.loads(as_json(draw_page(release, view, "light").content))
        numbers = np.unique(np.fromiter(_numbers_in(told), dtype=np.float64))
        assert _holds(numbers, small + exact) == [], href(view)
        seen |= set(_holds(numbers, shown))
    # What may be seen is seen, by the same eyes.
    assert len(seen) > 20


def _tables(content: Any) -> Iterator[tuple[str, Table]]:
    """All that a page gives as files, by their names in addresses."""
    for part in reading.parts(content):
        identity = getattr(part, "id", None)
        if isinstance(identity, dict) and not {GRID, TABLE}.isdisjoint(identity):
            name = next(iter(identity.values()))
            found = find_table(html.Div(content), name)
            assert found is not None
            yield name, found


def _as_files(table: Table) -> Iterator[dict[str, str]]:
    """The rows of a table as each format that it can be had in gives them."""
    fields = [field for field, _ in table.columns]
    lines = as_csv(table, []).decode().splitlines(keepends=True)
    read = csv.reader(io.StringIO("".join(line for line in lines if not line.startswith("# "))))
    book = CalamineWorkbook.from_filelike(io.BytesIO(as_xlsx(table, [], ("Rows", "About"))))
    told = {"csv": list(read)[1:], "xlsx": book.get_sheet_by_index(0).to_python()[1:]}
    assert told.keys() == set(FORMATS)
    for rows in told.values():
        assert len(rows) == len(table.rows), table.name
        yield from (dict(zip(fields, map(str, cells), strict=True)) for cells in rows)


def _told(attacked: Attacked) -> Iterator[tuple[str, Any]]:
    """All that can be had: the release's tables, every page with what its charts are drawn from, and every file."""
    for (table,) in attacked.rows("select table_name from information_schema.tables order by all"):
        yield table, attacked.rows(f'from "{table}" order by all')
    release = attacked.releases.named(None)
    for view in _views(attacked):
        content = draw_page(release, view, "light").content
        yield href(view), as_json(content)
        for name, table in _tables(content):
            yield f"{name} of {href(view)}", list(_as_files(table))


def test_all_that_can_be_had_is_the_same_of_cities_with_other_small_counts(
    attacked: Attacked, home: Path, tmp_path: Path
) -> None:
    """Of three cities, in which every withheld count of an area is once the least and once the most that it can be."""
    searches = [Twins(counts, attacked.among, attacked.disclosure, 0) for counts in attacked.counts.T]
    told, found = dict(_told(attacked)), 0
    for at, (drawn, ends) in enumerate(laid_over(searches, attacked.counts[attacked.leaves], attacked.leaves)):
        twin = Attacked(tmp_path / str(at), home, attacked.disclosure.profile, drawn)
        found += ends
        assert not np.array_equal(twin.counts, attacked.counts)
        for name, of_twin in _told(twin):
            assert of_twin == told[name], name
        twin.releases.close()
    assert found == sum(len(each.ends()) for each in searches) > 700


def test_no_file_of_any_page_has_a_number_where_a_count_is_withheld(attacked: Attacked) -> None:
    release, withheld, files = attacked.releases.named(None), 0, set[str]()
    for view in _views(attacked):
        content = draw_page(release, view, "light").content
        tables = dict(_tables(content))
        linked = {
            unquote(path.split("/")[4])
            for part in reading.parts(content)
            if isinstance(part, html.A)
            and (path := urlsplit(getattr(part, "href", "")).path).startswith(f"{DOWNLOADS}/")
        }
        # No file is left out.
        assert linked <= tables.keys(), href(view)
        files |= linked
        for name, table in tables.items():
            for row in _as_files(table):
                if "withheld" in map(str.lower, row.values()):
                    withheld += 1
                    # Everybody knows the people; what could not be used is counted and protected by itself.
                    assert _numbers(row).keys() <= {"denominator", "unusable"}, (href(view), name, row)
    assert withheld > 200
    assert {"map", "trend"} <= files
