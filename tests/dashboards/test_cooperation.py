"""The cooperation page: what is drawn and told is what the release holds."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards.address import LANGUAGES, View, choose
from dashboards.data import DIMENSIONS, Release
from dashboards.figures import theme
from dashboards.figures.cooperation import change_figure, coordination_figure, scores_figure
from dashboards.releases import Releases
from dashboards.rendering import render
from dashboards.wording import Words
from indicators.composites.choices import CHOICES
from indicators.composites.coupling import CLASSES
from indicators.composites.rules import SETS
from tests.dashboards import reading, sample_release

pytestmark = pytest.mark.slow

NEWEST_FINAL, WITHOUT_NEW_CITIZENS = date(2016, 7, 1), date(2014, 4, 1)
SPARSE = "14"


def page(home: Path, query: str = "") -> Any:
    return render(Releases(home), "/cooperation", query)[0]


def scores(release: Release, area: str = "city", period: date = NEWEST_FINAL) -> pl.DataFrame:
    return release.cooperation.scores(area, "quarter", period)


def test_the_newest_final_period_of_the_city_is_shown(home: Path, release: Release) -> None:
    text = reading.words(page(home))
    assert "New York City, quarter 3 of 2016" in text
    overall = scores(release).filter(scope="overall").to_dicts()[0]
    words = Words("en")
    summary = reading.words(reading.find(page(home), "cooperation-summary"))
    assert f"score {words.number(overall['score'], 1)} of 100" in summary
    assert f"from {words.number(overall['lower'], 1)} to {words.number(overall['upper'], 1)}" in summary
    assert "may be chance" in summary
    provisional = release.cooperation.there_are.filter(area_id="city")
    assert provisional["period_start"][0] > NEWEST_FINAL
    assert not provisional["is_final"][0]


def test_a_change_by_other_weights_is_told(home: Path, release: Release) -> None:
    """From 2015 on new citizens are in the score."""
    gives = release.cooperation.contributions("city", "quarter", date(2015, 1, 1))
    points = Words("en").number(gives["change_by_weight"].sum(), 1)
    text = reading.words(reading.find(page(home, "?period=2015-01-01"), "cooperation-summary"))
    assert f"Of the change, {points} points are of other weights" in text
    assert "other weights" not in reading.words(reading.find(page(home), "cooperation-summary"))


def test_the_address_chooses_area_and_period(home: Path) -> None:
    text = reading.words(page(home, "?area=1&period=2015-10-01"))
    assert "Precinct 1, quarter 4 of 2015" in text
    assert "Rank " in reading.words(reading.find(page(home, "?area=1&period=2015-10-01"), "cooperation-summary"))
    assert "New York City, quarter 3 of 2016" in reading.words(page(home, "?area=nowhere&period=1999-01-01&by=day"))
    assert choose(View("cooperation"), "areas", "1").areas == ("1",)


def test_a_subject_without_a_score_is_told_and_nothing_is_made_up(home: Path) -> None:
    text = reading.words(page(home, f"?period={WITHOUT_NEW_CITIZENS}"))
    assert "there is none of: New citizens." in text
    assert "New citizens no figures" in text


def test_an_area_of_which_too_little_is_known_has_no_overall_score(home: Path) -> None:
    text = reading.words(page(home, f"?area={SPARSE}"))
    assert "There is no overall score" in text
    assert "Overall: no score, as figures cover only 62% of its weight." in text
    assert "There is no change to split" in text


def test_a_class_is_told_exactly_where_the_release_has_one(home: Path, release: Release) -> None:
    series = release.cooperation.over_time("city", "quarter").filter(parts="subjects")
    named = series.filter(pl.col("coordination_class").is_not_null())
    unnamed = series.filter(pl.col("coordination_class").is_null() & pl.col("coordination").is_not_null())
    assert named.height
    assert unnamed.height
    for row in (*named.to_dicts()[:1], *unnamed.to_dicts()[:1]):
        subjects = reading.words(page(home, f"?period={row['period_start']}")).split("The three subjects: their")[1]
        told = subjects.split("The four foundations")[0]
        name = row["coordination_class"]
        expected = Words("en")(f"cooperation.class.{name}") if name else "No class is named"
        assert expected in told
        assert f"D {Words('en').number(row['coordination'], 2)}" in told


def test_the_newest_period_that_is_over_is_shown_though_something_has_yet_to_settle(home: Path, tmp_path: Path) -> None:
    """What is left out until then is named; a period that is not over, or of which more is open, is not shown first."""
    waiting = f"where period_start >= '{NEWEST_FINAL}'"
    said = "update index_scores set status = 'provisional', reason = 'left_out:M1,E1' " + waiting
    sample_release.write_changed(tmp_path, home, said)
    text = reading.words(page(tmp_path))
    assert "New York City, quarter 4 of 2016" in text
    assert "left out until they have settled are " in reading.words(reading.find(page(tmp_path), "cooperation-summary"))
    assert "E1." in reading.words(reading.find(page(tmp_path), "cooperation-summary"))
    assert "left out until" not in reading.words(page(home))


def test_a_gap_tells_both_levels_and_why_it_counts_as_before(home: Path, tmp_path: Path) -> None:
    levels = (
        "update index_contributions set levels_unit = 'days', new_citizens = 4, residents = 3.3, value = 0.4 "
        "where indicator_id = 'N1'; update index_contributions set held_from = date '2016-04-01', own_value = 0.2, "
        f"new_citizens_then = 3, residents_then = 2 where indicator_id = 'N1' and period_start = '{NEWEST_FINAL}'"
    )
    sample_release.write_changed(tmp_path, home, levels)
    told = reading.words(reading.find(page(tmp_path), "cooperation-groups"))
    assert "N1: new citizens 4.0 days, residents 3.3 days." in told
    assert "It counts as in quarter 2 of 2016 (0.40), not as now (0.20): both groups have done worse since" in told
    assert "(new citizens 3.0 days, residents 2.0 days then)" in told
    before = reading.words(reading.find(page(tmp_path, "?period=2016-04-01"), "cooperation-groups"))
    assert before == "N1: new citizens 4.0 days, residents 3.3 days."


def test_a_release_without_scores_says_so(home: Path, tmp_path: Path) -> None:
    sample_release.write_changed(tmp_path, home, "delete from index_scores; delete from coordination")
    assert "This release has no scores." in reading.words(page(tmp_path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_release_has_words(home: Path, language: str) -> None:
    words = Words(language)
    for code in CLASSES:
        assert words(f"cooperation.class.{code}")
    for code in ("together_up", "together_down", "apart", "indeterminate"):
        assert words(f"cooperation.movement.{code}")
        assert words(f"cooperation.moves.{code}")
    for members in SETS.values():
        assert all(words(f"dimension.{each}") for each in members)
    for query in ("", f"&area={SPARSE}", "&area=1&period=2014-01-01"):
        assert "None" not in reading.words(page(home, f"?lang={language}{query}"))


def test_which_choice_matters_is_told(home: Path, release: Release) -> None:
    first = release.cooperation.sensitivity("precinct", "quarter").to_dicts()[0]
    text = reading.words(page(home, "?area=1"))
    words = Words("en")
    assert f"move a rank by {words.number(first['mean_rank_shift'], 1)} places" in text
    choice = words(f"cooperation.choice.{first['choice']}")
    assert f"{choice} {words.number(first['first'], 2)} {words.number(first['total'], 2)}" in text
    for each in CHOICES:
        assert words(f"cooperation.choice.{each}") in text
    assert "Which choice" not in reading.words(page(home))  # one city has no order


def test_how_consistent_the_comparisons_behind_the_weights_are_is_told(home: Path, tmp_path: Path) -> None:
    told = reading.words(reading.find(page(home), "cooperation-compared"))
    assert told.startswith("Overall: weights by pairwise comparisons (AHP), consistency ratio 0.04.")
    sample_release.write_changed(tmp_path, home, "update index_scores set consistency_ratio = null")
    assert reading.find(page(tmp_path), "cooperation-compared") is None


def test_what_goes_with_what_is_told_where_areas_can_be_compared(home: Path, release: Release) -> None:
    gives = release.cooperation.contributions("1", "quarter", NEWEST_FINAL).filter(indicator_id="M1").to_dicts()[0]
    rows = {row["indicator"]: row for row in reading.find(page(home, "?area=1"), {"grid": "contributions"}).rowData}
    row = rows[gives["title_en"]]
    assert row["rest_correlation"] is None  # alone in its dimension
    assert row["nearest_correlation"] == gives["nearest_correlation"]
    titles = {each["indicator_id"]: each["title_en"] for each in release.catalogue.to_dicts()}
    assert row["nearest"] == titles.get(gives["nearest"], gives["nearest"])
    alpha = reading.find(page(home, "?area=1"), {"grid": "scores"}).rowData
    assert [row["alpha"] for row in alpha] == [
        {each["scope"]: each["alpha"] for each in scores(release, "1").to_dicts()}[scope]
        for scope in ("overall", *[each for each in DIMENSIONS if each in scores(release, "1")["scope"]])
    ]
    assert "nearest" not in {
        column["field"] for column in reading.find(page(home), {"grid": "contributions"}).columnDefs
    }


def test_agencies_are_shown_where_the_release_tells(home: Path, tmp_path: Path) -> None:
    assert "Agencies and hand-offs" not in reading.words(page(home))
    figure = (
        "update indicator_values set indicator_id = 'L2' where indicator_id = 'F5' and period_kind = 'year';"
        "update indicator_catalogue set indicator_id = 'L2' where indicator_id = 'F5'"
    )
    sample_release.write_changed(tmp_path, home, figure)
    text = reading.words(page(tmp_path)).split("Agencies and hand-offs")[-1]
    assert "Required fields filled" in text


def test_every_score_is_drawn_with_its_interval_and_bounds(release: Release) -> None:
    frame = scores(release)
    titles = frame["scope"].to_list()
    figure = scores_figure(frame, titles, titles, theme.LIGHT)
    by_meta = {trace.meta: trace for trace in figure.checked.data}
    assert list(by_meta["score"].x) == frame["score"].to_list()
    for name, low, high in (("interval", "lower", "upper"), ("bounds", "bound_low", "bound_high")):
        assert list(by_meta[name].x[::3]) == frame[low].to_list()
        assert list(by_meta[name].x[1::3]) == frame[high].to_list()
    assert (frame["bound_low"] <= frame["lower"]).all()


def test_coordination_is_drawn_with_its_interval_level_and_coupling(release: Release) -> None:
    series = release.cooperation.over_time("city", "quarter")
    titles = {"subjects": "S", "foundations": "F"}
    hovers = {name: ["hover"] * series.filter(parts=name).height for name in titles}
    figure = coordination_figure(series, titles, hovers, [], theme.DARK)
    for name in titles:
        own = series.filter(parts=name)
        drawn = {trace.meta: trace for trace in figure.checked.data if not trace.meta.endswith("interval")}
        for measure in ("coordination", "level", "coupling"):
            assert list(drawn[f"{name}.{measure}"].y) == own[measure].to_list()
        low, high = (trace for trace in figure.checked.data if trace.meta == f"{name}.interval")
        assert list(low.y) == own["coordination_low"].to_list()
        assert list(high.y) == own["coordination_high"].to_list()
    dashes = {
        trace.line.dash for trace in figure.checked.data if trace.meta.startswith("subjects.") and trace.line.dash
    }
    assert len(dashes) == 3


def test_what_moved_a_score_sums_to_its_change(release: Release) -> None:
    gives = release.cooperation.contributions("city", "quarter", NEWEST_FINAL)
    change = scores(release).filter(scope="overall")["change"].item()
    assert gives["change"].sum() == pytest.approx(change)
    figure = change_figure([1.0, -2.0], ["a", "b"], ["a", "b"], theme.LIGHT)
    assert list(figure.checked.data[0].x) == [1.0, -2.0]
    assert list(figure.checked.data[0].marker.color) == [theme.LIGHT.favourable, theme.LIGHT.unfavourable]
    assert figure.checked.layout.xaxis.range[0] == -figure.checked.layout.xaxis.range[1]
