"""Where a figure comes from: the account holds what the release holds, and the page shows it."""

import functools
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dash import html
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.address import LANGUAGES, View, parse
from dashboards.components.context import Context
from dashboards.data import Release
from dashboards.explanation import Section, account
from dashboards.explanation_data import Explanation
from dashboards.exporting import find_table
from dashboards.figures.theme import palette
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from tests.dashboards import reading, sample_provenance, sample_release

pytestmark = pytest.mark.slow

THEFT = ("B1_theft", "75", "month", date(2016, 1, 1))
ADDRESS = "?indicator=B1_theft&area=75&by=month&period=2016-01-01"


def explained(release: Release, *key: Any) -> Explanation:
    told = release.explanations.explain(*(key or THEFT))
    assert told is not None
    return told


def sections(release: Release, told: Explanation, language: str = "en") -> dict[str, Section]:
    context = Context(release, View(), Words(language), "light", palette("light"))
    return {section.name: section for section in account(context, told)}


def facts(section: Section) -> dict[str, str]:
    return {fact.term: fact.text for block in section.blocks for fact in block.facts}


def changed(home: Path, tmp_path: Path, sql: str) -> Release:
    sample_release.write_changed(tmp_path, home, sql)
    return Releases(tmp_path).current()


@functools.cache
def rows(release: Release) -> pl.DataFrame:
    return release._query("from indicator_values order by all")


@settings(max_examples=40)
@given(st.data())
def test_every_figure_of_a_release_is_explained_by_what_the_tables_hold(release: Release, data: st.DataObject) -> None:
    figures = rows(release)
    row = figures.row(data.draw(st.integers(0, figures.height - 1)), named=True)
    told = explained(release, *(row[name] for name in ("indicator_id", "area_id", "period_kind", "period_start")))
    assert told.figure == row
    said = {name: facts(section) for name, section in sections(release, told).items()}
    decimals = told.indicator["decimals"]
    assert said["figure"]["Figure"] == (
        "none published"
        if row["value"] is None
        else Words("en").measure(row["value"], told.indicator["unit"], decimals)
    )
    assert ("Worked out" in said["counts"]) == (None not in (row["value"], row["numerator"], row["denominator"]))
    for name in ("numerator", "denominator"):
        shown = "none published" if row[name] is None else f"{row[name]:,.0f}"
        assert said["counts"][name.capitalize()].startswith(shown)


def test_there_is_no_account_of_a_figure_that_there_is_not(release: Release) -> None:
    assert release.explanations.explain("B1_theft", "nowhere", "month", date(2016, 1, 1)) is None


def test_batches_are_those_with_records_that_may_count_in_the_period(release: Release) -> None:
    feeding, possible = explained(release).sources
    assert (feeding.source, feeding.part, possible.source, possible.part) == (
        *("thefts", "feeding"),
        *("shootings", "possible"),
    )
    assert possible.batches == []
    told = {batch["file"]: batch for batch in feeding.batches}
    # It began in December; it may have happened in January: it is told, and counted where it began.
    assert (told["data/late.csv"]["records"], told["data/late.csv"]["first_month"]) == (None, date(2016, 1, 1))
    whole = told["data/thefts.csv"]
    assert (whole["read"], whole["accepted"]) == (26_099, 20_020)
    month = release.quality.months.filter(source="thefts", month=date(2016, 1, 1))["records"].item()
    assert whole["records"] == month
    december = explained(release, "B1_theft", "75", "month", date(2015, 12, 1)).sources[0].batches
    assert {batch["file"]: batch["records"] for batch in december}["data/late.csv"] == 1


def test_records_that_count_when_they_are_due_are_looked_for_by_that_day(home: Path, tmp_path: Path) -> None:
    release = changed(
        home, tmp_path, "delete from batch_months where counted_by = 'due_day' and month < date '2016-06-01'"
    )
    year = explained(release, "G2", "75", "year", date(2016, 1, 1)).sources[0]
    assert year.counted_by == "due_day"
    assert [(batch["first_month"], batch["last_month"]) for batch in year.batches] == [
        (date(2016, 6, 1), date(2016, 12, 1))
    ]
    assert [row["month"] for row in year.troubled_months] == [date(2016, month, 1) for month in (10, 11, 12)]
    assert explained(release, "G2", "75", "month", date(2016, 3, 1)).sources[0].batches == []


def test_what_held_before_the_period_and_counts_in_it_is_told(home: Path, tmp_path: Path) -> None:
    release = changed(
        home, tmp_path, "update indicator_sources set months_before = case when source = 'thefts' then 12 end"
    )
    source = explained(release).sources[0]
    assert (source.first_month, source.last_month) == (date(2015, 1, 1), date(2016, 1, 1))
    [cases] = explained(release, "G2", "75", "month", date(2016, 3, 1)).sources
    assert cases.first_month is None
    assert cases.batches[0]["first_month"] == date(2014, 1, 1)


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_under_protection_no_count_of_a_batch_is_told(home: Path, tmp_path: Path, profile: str) -> None:
    release = changed(
        home,
        tmp_path,
        f"update batch_months set records = null, refused = null; update release_info set disclosure = '{profile}'; "
        "update indicator_values set value = null, lower = null, upper = null, bound_low = null, bound_high = null, "
        "numerator = null, status = 'withheld', reason = 'small_count:8' where indicator_id = 'B1_theft'",
    )
    told = explained(release)
    counts = ("read", "accepted", "quarantined", "records", "refused")
    assert {batch[name] for batch in told.sources[0].batches for name in counts} == {None}
    assert told.arithmetic is None
    said = sections(release, told)
    assert facts(said["figure"])["Status"] == "withheld; counts under 8 are not published, nor what would tell them"
    assert facts(said["counts"])["Numerator"].startswith("none published")
    assert facts(said["counts"])["Disclosure control"].startswith(f"{profile}: ")
    assert "Worked out" not in facts(said["counts"])
    [table] = [block.table for block in said["sources"].blocks if block.table]
    assert [heading for heading, _ in table.columns] == ["File and batch", "Months"]


def test_checks_and_gates_are_those_of_the_indicator(release: Release) -> None:
    told = explained(release, "F5", "75", "month", date(2016, 3, 1))
    assert [gate["table_name"] for gate in told.gates] == ["service"]
    assert explained(release).gates == []
    assert "patrol" not in {check["table_name"] for check in told.checks}
    assert not told.checks[0]["success"]
    assert "carried forward" in facts(sections(release, told)["checks"])["Held back by"]
    assert facts(sections(release, told)["checks"])["Verdicts"].endswith("2 did not")


def test_earlier_values_and_the_run_are_told(release: Release) -> None:
    revised = release._query("from revisions order by sequence desc limit 1").row(0, named=True)
    told = explained(release, *(revised[name] for name in ("indicator_id", "area_id", "period_kind", "period_start")))
    assert told.earlier[0]["value_before"] == revised["value_before"]
    said = sections(release, told)
    assert any("changed by the release of" in text for text in facts(said["figure"]).values())
    assert facts(said["release"])["Run"] == sample_provenance.MANIFEST["run_id"]
    assert facts(said["release"])["Asked for by"] == "schedule:every_night"


def test_what_is_counted_is_said_with_its_conditions(release: Release) -> None:
    counted = facts(sections(release, explained(release))["counts"])
    assert counted["Counted in the numerator"] == (
        "msr_incident_day.incidents ÷ 1,000 where category begins with 05 and found_by is not patrol; "
        "or local_category is x"
    )
    assert counted["Numerator"].endswith(": what was counted")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_the_whole_account(home: Path, release: Release, language: str) -> None:
    page = render(Releases(home), "/explain", f"{ADDRESS}&lang={language}")
    text = reading.words(page.content)
    for section in sections(release, explained(release), language).values():
        assert section.title in text
        if section.name != "checks":
            for block in section.blocks:
                assert all(fact.text in text for fact in block.facts), section.name
                assert all(cell in text for row in (block.table.rows if block.table else ()) for cell in row)
    assert Words(language)("nav.explain") in page.title
    assert reading.find(page.content, {"grid": "expectations"}) is not None


def test_a_period_that_is_withheld_everywhere_can_be_chosen(home: Path, tmp_path: Path) -> None:
    changed(home, tmp_path, "update indicator_values set value = null where period_start = date '2016-01-01'").close()
    text = reading.words(render(Releases(tmp_path), "/explain", ADDRESS).content)
    assert "1 January 2016 to 31 January 2016 (2016-01)" in text


def test_without_such_a_figure_the_page_says_what_is_missing(home: Path, tmp_path: Path) -> None:
    changed(home, tmp_path, "delete from indicator_values where indicator_id = 'M1'").close()
    for query, why in (("none", "Choose an indicator"), ("M1", "needs incident.reported_at, which no source")):
        text = reading.words(render(Releases(tmp_path), "/explain", f"?indicator={query}").content)
        assert "This release has no such figure." in text
        assert why in text


def test_figures_lead_to_their_account(home: Path, release: Release) -> None:
    wanted = View(page="explain", indicator="B1_theft", areas=("city",), period_kind="month", period=date(2016, 12, 1))
    overview = render(Releases(home), "/", "").content
    links = [part.href for part in reading.by_class(overview, "card-origin")]
    assert wanted in [parse(*href.split("?")) for href in links]
    trend = render(Releases(home), "/trend", "?indicator=B1_theft").content
    assert parse(*reading.by_class(trend, "origin-link")[0].children.href.split("?")) == wanted
    [grid] = [part for part in reading.parts(trend) if getattr(part, "id", None) == {"grid": "trend"}]
    newest = reading.rows(grid)[0]
    assert newest["origin"] == "[Explain](/explain?indicator=B1_theft&area=city&by=month&period=2016-12-01)"
    # A link is no figure: it is left out of the file.
    file = find_table(html.Div(trend), "trend")
    assert file is not None
    assert "origin" not in [field for field, _ in file.columns]
    compare = render(Releases(home), "/compare", "").content
    [grid] = [part for part in reading.parts(compare) if getattr(part, "id", None) == {"grid": "compare"}]
    assert all(row["origin"].startswith("[Explain](/explain?indicator=") for row in reading.rows(grid))
