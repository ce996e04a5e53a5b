"""Everything is asked for as everyone, and nobody learns of an area that is not his."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from dash import html
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

import dashboards
from dashboards.access import scope as rules
from dashboards.access.guard import EXTENSION
from dashboards.access.scope import WHOLE, Scope, narrow
from dashboards.address import PAGES
from dashboards.components.controls import CONTROL
from dashboards.data import Release
from dashboards.encoding import as_json
from dashboards.release_tables import TABLES
from dashboards.releases import Releases
from dashboards.rendering import KeptPages, render
from tests.dashboards import browsing, reading
from tests.dashboards.access.conftest import OWN, PEOPLE, WEST, ZONE, signed_in

pytestmark = pytest.mark.slow

LIMITED = {name: Scope(frozenset(grant.areas), downloads=True) for name, grant in PEOPLE.items() if grant.areas}
FOREIGN = "zone-73"


@pytest.fixture(scope="module")
def narrowed(zones: Path) -> Iterator[dict[str, Release]]:
    folder = (zones / "releases" / "current").resolve()
    opened = {name: Release(folder, scope) for name, scope in LIMITED.items()}
    yield opened
    for release in opened.values():
        release.close()


def _told(content: Any) -> set[str]:
    text = content if isinstance(content, str) else as_json(content)
    return set(ZONE.findall(text))


def _main(answer: Any) -> str:
    (main,) = (part for part in answer.content if isinstance(part, html.Main))
    return as_json(main)


def test_every_table_has_a_rule() -> None:
    ruled = rules.BY_AREA | rules.OF_THE_CITY | rules.OPEN | rules.GAMES | rules.INTERNALS.keys()
    assert ruled | {"areas", *rules.INTERVENTIONS} == set(TABLES)


def test_tables_with_an_area_are_cut_by_it(zones: Path) -> None:
    """A new table with areas cannot slip in among those that everybody sees."""
    whole = Release((zones / "releases" / "current").resolve())
    found = whole._query("select table_name from duckdb_columns() where column_name = 'area_id'").rows()
    whole.close()
    assert {table for (table,) in found} == rules.BY_AREA | {"areas", "game_parameters"}


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("table", TABLES)
def test_no_table_tells_of_another_area(narrowed: dict[str, Release], zones: Path, name: str, table: str) -> None:
    seen = narrowed[name]._query(f"select * from {table}")
    assert _told(seen.write_json()) <= OWN[name]
    whole = Release((zones / "releases" / "current").resolve())
    everything = whole._query(f"select * from {table}")
    if "area_id" in everything.columns and table != "game_parameters":
        own = everything.filter(pl.col("area_id").is_in([*OWN[name], "city"]))
        assert seen.height == own.height, "and of one's own nothing is missing"
    whole.close()


def test_the_release_names_other_areas_wherever_rules_cut(zones: Path) -> None:
    """The test above would hold of a release without any: here is what there is to be hidden."""
    whole = Release((zones / "releases" / "current").resolve())
    telling = {table for table in TABLES if _told(whole._query(f"select * from {table}").write_json()) - OWN["lian"]}
    assert telling >= {"indicator_values", "areas", "comparisons", "intervention_results", "game_parameters"}
    assert telling >= {"source_anomaly", "expectation_results", "source_drift", "area_freshness"}
    whole.close()


def test_what_is_below_an_area_belongs_to_it(narrowed: dict[str, Release]) -> None:
    areas = narrowed["lian"].areas
    assert set(areas["area_id"]) == {"city", "zone-west", "zone-75", *WEST}
    assert set(areas.filter(pl.col("area_id").is_in(WEST))["parent_id"]) == {"zone-west"}
    assert narrowed["lost"].areas["area_id"].to_list() == ["city"]
    assert set(narrowed["lian"].outlines) == {"zone-75", *WEST}


def test_the_figures_of_the_city_can_be_hidden(zones: Path) -> None:
    folder = (zones / "releases" / "current").resolve()
    alone = Release(folder, Scope(frozenset({"zone-75"}), city=False))
    assert set(alone._query("select distinct area_id from indicator_values")["area_id"]) == {"zone-75"}
    assert alone.city_id == "city", "pages are titled by it"
    for table in rules.OF_THE_CITY:
        assert not alone._query(f"select * from {table}").height
    assert alone._query("select * from indicator_catalogue").height
    alone.close()


def test_interventions_are_told_where_others_are_a_sum_of_several(zones: Path) -> None:
    """Of the three, the patrols in 40 and 41 are in the west alone; 75's lights have buffers elsewhere."""
    folder = (zones / "releases" / "current").resolve()
    seen = Release(folder, Scope(frozenset({"zone-west", "zone-75"})))
    assert seen.interventions.results["intervention_id"].to_list() == ["patrols"]
    control = seen.interventions.results["control"][0].to_list()
    assert len(control) > 60
    assert set(control) == {"", "zone-42", "zone-75"}
    assert seen.interventions.months("patrols").height
    assert not seen.interventions.months("lights").height
    hidden = Release(folder, Scope(frozenset({"zone-west", "zone-75"}), city=False))
    assert not hidden.interventions.results.height, "the sum of the others is no figure of his"
    for release in (seen, hidden):
        release.close()


def test_only_stewards_see_what_quotes_from_records(zones: Path) -> None:
    folder = (zones / "releases" / "current").resolve()
    steward, analyst = Release(folder), Release(folder, Scope(internals=False))
    for table, columns in rules.INTERNALS.items():
        for column in columns:
            assert steward._query(f"select {column} from {table} where {column} is not null").height, "there is some"
            assert not analyst._query(f"select {column} from {table} where {column} is not null").height
    assert "zone-73" in _told(steward.quality.expectations.write_json())
    assert not _told(analyst.quality.expectations.write_json())
    broken = [release.quality.expectations["exception"].is_not_null().sum() for release in (steward, analyst)]
    assert broken[0] == broken[1] > 0, "that a check could not be asked stays known"
    assert analyst.areas.height == steward.areas.height
    for release in (steward, analyst):
        release.close()


@settings(max_examples=30)
@given(
    parents=st.lists(st.integers(0, 9), min_size=1, max_size=12),
    limits=st.sets(st.sampled_from([f"a{number}" for number in range(14)]), max_size=4),
    city=st.booleans(),
)
def test_any_tree_of_areas_is_cut_to_what_lies_below(parents: list[int], limits: set[str], city: bool) -> None:
    """Loops in the tree among them: an area may have a parent that comes later."""
    tree = {f"a{at}": f"a{parent}" for at, parent in enumerate(parents)}
    with duckdb.connect() as con:
        con.execute("create table areas (area_id varchar, parent_id varchar, area_level varchar, is_unallocated bool)")
        con.execute("create table indicator_values (area_id varchar); create table brand_new (area_id varchar)")
        con.execute("create table game_parameters (game_id varchar, area_id varchar)")
        con.executemany("insert into areas values (?, ?, 'beat', false)", list(tree.items()))
        con.execute("insert into areas values ('city', null, 'city', false)")
        con.execute("insert into indicator_values select area_id from areas; insert into brand_new values ('a0')")
        narrow(con, Scope(frozenset(limits), city))
        shown = {row[0] for row in con.execute("select area_id from indicator_values").fetchall()}
        assert not con.execute("from brand_new").fetchall(), "what no rule names is hidden"

    def is_below(area: str, seen: frozenset[str] = frozenset()) -> bool:
        return area in tree and (area in limits or (area not in seen and is_below(tree[area], seen | {area})))

    assert shown == {area for area in tree if is_below(area)} | ({"city"} if city else set())


def _options(control: Any) -> Iterator[Any]:
    """Every value that a control offers, and what somebody types who offers himself more."""
    for item in getattr(control, "data", None) or []:
        for each in item.get("items", [item]) if isinstance(item, dict) else [item]:
            yield each["value"] if isinstance(each, dict) else each


NAMES = {"areas": "area", "period_kind": "by", "search": "q", "availability": "status"}


@pytest.mark.parametrize("name", LIMITED)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_tells_of_another_area_whatever_is_chosen(
    narrowed: dict[str, Release], zones: Path, name: str, page: str
) -> None:
    releases = Releases(zones, lambda: LIMITED[name])
    path = "/" if page == "overview" else f"/{page}"
    drawn = render(releases, path, "").content
    asked = ["", f"?area={FOREIGN}", f"?area={FOREIGN}&area=zone-75&by=month&lang=zh", f"?q={FOREIGN}"]
    for part in reading.parts(drawn if OWN[name] else []):
        identity = getattr(part, "id", None)
        if isinstance(identity, dict) and CONTROL in identity:
            field = NAMES.get(identity[CONTROL], identity[CONTROL])
            # Some of many periods or indicators, the newest among them, and every choice of few.
            choices = list(_options(part))
            asked += [f"?{field}={value}" for value in choices[:: max(1, len(choices) // 4)]]
    for query in asked:
        answer = render(releases, path, query)
        assert "could not be drawn" not in answer.title, query
        # What somebody has typed himself comes back in the links to the other language, and in what he sought.
        typed = _told(query)
        assert _told(answer.content) <= OWN[name] | typed, query
        # And it tells no more of it than of an area that there is not.
        unknown = _main(render(releases, path, query.replace(FOREIGN, "zone-0")))
        assert _main(answer).replace(FOREIGN, "zone-0") == unknown, query
    releases.close()


@pytest.mark.slow
def test_every_indicator_is_asked_for_on_the_pages_that_show_one(narrowed: dict[str, Release], zones: Path) -> None:
    releases = Releases(zones, lambda: LIMITED["lian"])
    for indicator in releases.current().catalogue["indicator_id"].to_list():
        for path in ("/", "/trend", "/compare"):
            shown = _main(render(releases, path, f"?indicator={indicator}&area=zone-75&area={FOREIGN}"))
            told = _told(shown.replace(f"area={FOREIGN}", ""))
            assert told <= OWN["lian"]
    releases.close()


def test_kept_pages_are_kept_apart(zones: Path) -> None:
    """One who may see more asks first; then one who may see less asks for the same address, and the other way."""
    kept, seen = KeptPages(), WHOLE
    releases = Releases(zones, lambda: seen)
    wide = render(releases, "/compare", "", "light", kept).content
    assert FOREIGN in _told(wide)
    seen = LIMITED["lian"]
    assert _told(render(releases, "/compare", "", "light", kept).content) <= OWN["lian"]
    seen = WHOLE
    assert render(releases, "/compare", "", "light", kept).content == wide
    releases.close()


ADDRESSES = (
    *("/", "/trend", "/_dash-layout", "/_dash-dependencies", "/audit", "/data-docs/", "/data-docs/index.html"),
    *("/download/anything.csv", f"/download/trend?area={FOREIGN}", "/health"),
)


def test_no_address_answers_a_limited_reader_with_another_area(server: Flask) -> None:
    for name in LIMITED:
        client = signed_in(server, name)
        for address in ADDRESSES:
            assert _told(client.get(address).text.replace(f"area={FOREIGN}", "")) <= OWN[name], address
        for page in PAGES:
            assert _told(_ask(client, "/" if page == "overview" else f"/{page}")) <= OWN[name]


def _ask(client: FlaskClient, path: str, search: str = "") -> str:
    answer = client.post(
        "/_dash-update-component", data=browsing.question(path, search), content_type="application/json"
    )
    assert answer.status_code == 200
    return answer.text


def test_the_answers_to_callbacks_differ_by_who_asks(server: Flask) -> None:
    """Over the same server and its kept pages, one after the other."""
    steward, lian = signed_in(server, "stella"), signed_in(server, "lian")
    search = "?indicator=B1_theft&by=month"
    assert FOREIGN in _told(_ask(steward, "/", search))
    assert _told(_ask(lian, "/", search)) == {"zone-75", *WEST}
    assert FOREIGN in _told(_ask(steward, "/", search))


def test_threads_see_the_same_cut(zones: Path) -> None:
    release = Release((zones / "releases" / "current").resolve(), LIMITED["lian"])
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(release._query, "select distinct area_id from indicator_values") for _ in range(40)]
        seen = {area for answer in asked for area in answer.result()["area_id"]}
    assert seen == {"city", "zone-75", *WEST}
    release.close()


def test_nothing_asks_past_the_scope() -> None:
    """Questions name tables without their schema: with it they would reach past the views."""
    for path in Path(dashboards.__file__).parent.rglob("*.py"):
        if path.name != "scope.py":
            assert not re.search(r"\bmain\.\w|release\.main", path.read_text(encoding="utf-8")), path


def test_without_anybody_let_in_no_release_is_given(zones: Path, server: Flask) -> None:
    releases = Releases(zones, server.extensions[EXTENSION].scope)
    with server.test_request_context("/"), pytest.raises(PermissionError):
        releases.current()
