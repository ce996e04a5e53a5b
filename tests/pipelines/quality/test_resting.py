"""What the catalogue's indicators rest on, by hand for some, and as a whole."""

import pytest

from dbt_like_sql.lineage import bundled_lineage
from dbt_like_sql.project import load_project
from indicators.catalogue.measures import EXTRACTS
from indicators.catalogue.reading import load_catalogue
from pipelines.quality.resting import Rest, resting, used_columns


@pytest.fixture(scope="module")
def rests() -> dict[str, Rest]:
    return resting(load_project(), bundled_lineage(), load_catalogue())


def staged(rest: Rest, kind: str) -> set[str]:
    """Columns of a kind's records in staging."""
    return {column for relation, column in rest.columns if relation == f"staging.{kind}"}


KEYS = {"source", "geography", "area_id", "day", "known_day"}
INCIDENT = {*KEYS, "occurred_local", "occurred_until_local", "time_precision"}
SERVICE = {*KEYS, "closed_day", "closed_at", "time_precision"}


@pytest.mark.parametrize(
    ("indicator", "kind", "columns"),
    [
        # What rows are filtered by counts as much as what is counted; what they are merely grouped by does not.
        ("B1", "incident", {*INCIDENT, "category", "local_category", "found_by"}),
        ("B1_shootings", "incident", {*INCIDENT, "local_category"}),
        ("B2", "incident", {*INCIDENT, "category"}),
        ("K3", "incident", {*INCIDENT, "coords_in_area"}),
        ("murder_share_victims", "incident", {*INCIDENT, "local_category", "victims", "victims_killed"}),
        ("patrol_stops", "patrol", KEYS),
        ("patrol_minutes", "patrol", {*KEYS, "duration_seconds"}),
        ("L4", "patrol", {*KEYS, "duration_seconds", "subject"}),
        ("finding_share", "patrol", {*KEYS, "has_finding"}),
        # Whether a request counts is a matter of its due day, how it counts of the closing.
        ("G2", "service", {*SERVICE - {"day"}, "due_day", "due_at"}),
        ("G2_median_days", "service", {*SERVICE, "opened_at"}),
        (
            *("G1", "service"),
            {*KEYS - {"day"}, "time_precision", "due_day", "due_at", "first_response_day", "first_response_at"},
        ),
        # Counted beside their agencies, incidents rest on how these are told apart.
        ("R1", "incident", {*KEYS, "incident_id", "category", "agencies", "recorded_day", "closed_day", "outcome"}),
        # Of a ratio, records of both kinds.
        ("R2", "service", {*KEYS, "is_complaint"}),
        ("R2", "incident", INCIDENT),
        ("F5", "survey", {*KEYS, "required_cells", "filled_cells"}),
        # A survey has no days that a source could leave out.
        ("S1", "survey", {*KEYS - {"known_day"}, *EXTRACTS["survey_proportion"].columns}),
    ],
)
def test_columns_of_records(rests: dict[str, Rest], indicator: str, kind: str, columns: set[str]) -> None:
    assert staged(rests[indicator], kind) == columns


def test_records_of_other_kinds_do_not_matter(rests: dict[str, Rest]) -> None:
    for indicator in ("B2", "K3"):
        others = {"patrol", "service", "handoff", "participation", "survey"}
        assert not {kind for kind in others if f"staging.{kind}" in rests[indicator].relations}


def test_receipts_are_counted_from_records_of_every_kind(rests: dict[str, Rest]) -> None:
    for kind in ("patrol", "survey"):
        assert staged(rests["F3"], kind) == {"source", "geography", "area_id", "day", "known_day"}
        assert f"staging.{kind}" in rests["F3"].relations


def test_rates_rest_on_residents_and_weights(rests: dict[str, Rest]) -> None:
    assert ("facts.fct_profile", "population") in rests["B2"].columns
    assert ("facts.fct_profile", "officers") not in rests["B2"].columns
    assert "facts.fct_profile" not in rests["K3"].relations
    assert ("staging.severity_weight", "weight") in rests["B3"].columns
    assert ("staging.severity_weight", "weight") not in rests["B2"].columns


def test_columns_that_choose_rows_are_told_from_those_that_are_counted(rests: dict[str, Rest]) -> None:
    choosing = {name: {column for _, column in rest.choosing} for name, rest in rests.items()}
    assert "category" in choosing["B2"]
    assert "subject" in choosing["L4"]
    assert "due_day" in choosing["G2"]
    assert "duration_seconds" not in choosing["L4"]
    assert "coords_in_area" not in choosing["K3"]


def test_every_computed_indicator_rests_on_its_measures_and_no_other_has_any(rests: dict[str, Rest]) -> None:
    for entry in load_catalogue():
        assert (entry.id in rests) == entry.is_computed
        for measure in filter(None, (entry.measure, entry.opened_measure)):
            assert f"measures.{measure}" in rests[entry.id].relations
            assert f"measures.{measure}" in used_columns(entry)
