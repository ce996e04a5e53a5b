"""The view in the address: what is written is what is read, whatever a reader chose."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.address import (
    AVAILABILITIES,
    LANGUAGES,
    MAX_AREAS,
    PAGES,
    PERIOD_KINDS,
    SCHEMES,
    View,
    choose,
    href,
    parse,
)

NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Z")), min_size=1, max_size=20)
VIEWS = st.builds(
    View,
    page=st.sampled_from(PAGES),
    indicator=st.none() | NAMES,
    areas=st.lists(NAMES, max_size=MAX_AREAS, unique=True).map(tuple),
    period_kind=st.none() | st.sampled_from(PERIOD_KINDS),
    period=st.none() | st.dates(),
    game=st.none() | NAMES,
    settings=st.dictionaries(
        NAMES.filter(lambda name: ":" not in name),
        st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.10g}")),
        max_size=5,
    ).map(lambda found: tuple(sorted(found.items()))),
    axes=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    level=st.none() | NAMES,
    language=st.none() | st.sampled_from(LANGUAGES),
    scheme=st.none() | st.sampled_from(SCHEMES),
    dimension=st.none() | NAMES,
    availability=st.none() | st.sampled_from(AVAILABILITIES),
    search=st.none() | NAMES,
)


@given(VIEWS)
def test_an_address_reopens_exactly_its_view(view: View) -> None:
    path, _, query = href(view).partition("?")
    assert parse(path, f"?{query}") == view


@given(VIEWS)
def test_addresses_stay_within_the_application(view: View) -> None:
    address = href(view)
    assert address.startswith("/")
    assert not address.startswith("//")
    assert address.isascii()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?by=fortnight", "period_kind"),
        ("?period=2016-13-01", "period"),
        ("?lang=fr", "language"),
        ("?status=x", "availability"),
    ],
)
def test_values_outside_the_vocabulary_are_dropped(query: str, field: str) -> None:
    assert getattr(parse("/", query), field) is None


def test_a_month_may_be_written_as_one() -> None:
    assert parse("/briefing", "?period=2026-03").period == date(2026, 3, 1)
    assert parse("/briefing", "?period=2026-13").period is None


def test_an_unknown_page_is_no_page_and_has_no_address() -> None:
    assert parse("/admin", "").page is None
    with pytest.raises(ValueError, match="is not a page"):
        href(View(page="https://elsewhere.example"))


def test_too_many_areas_are_cut_to_what_a_page_can_draw() -> None:
    query = "?" + "&".join(f"area={n}" for n in range(MAX_AREAS + 4))
    assert parse("/trend", query).areas == tuple(str(n) for n in range(MAX_AREAS))


def test_another_kind_of_period_forgets_the_period() -> None:
    view = View(period_kind="month", period=date(2016, 11, 1))
    assert choose(view, "period_kind", "year") == View(period_kind="year")
    assert choose(view, "period_kind", "month") is view


@given(VIEWS, st.sampled_from(["indicator", "level", "dimension", "availability", "search"]))
def test_a_cleared_control_leaves_no_trace(view: View, control: str) -> None:
    assert getattr(choose(view, control, ""), control) is None


def test_what_is_no_letter_leads_nowhere_else() -> None:
    view = parse("/catalogue", "?q=a\ud800&area=\udfff1")
    assert (view.search, view.areas) == ("a?", ("?1",))
    assert href(choose(view, "search", "b\ud800")) == "/catalogue?area=%3F1&q=b%3F"
