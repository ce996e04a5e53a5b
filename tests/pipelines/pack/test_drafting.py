"""A draft guesses a table's layout, times, id, places and codes, and runs as it is."""

import csv
import gzip
import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import cli
from pipelines.errors import PackError, SourceError
from pipelines.pack import drafting, guessing
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pack.sources import Source
from pipelines.validating.preflight import check_pack
from pipelines.validating.trial import try_pack
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

FIRST = datetime(2023, 1, 31, 22, 50)  # noqa: DTZ001 - local wall time


def table(*columns: str, rows: int = 60, delimiter: str = ",", encoding: str = "utf-8", **cells: str) -> bytes:
    """Write rows of a table: `{n}` is the row's number, `{t:…}` its time in a strptime format."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for n in range(rows):
        moment = FIRST + timedelta(days=n, hours=7 * n, minutes=11 * n, seconds=n)
        writer.writerow([cells[column].format(n=n, t=moment, third=n % 3, far=n / 100) for column in columns])
    return out.getvalue().encode(encoding)


def draft(folder: Path, content: bytes, name: str = "calls.csv") -> tuple[CityPack, Source, str]:
    (folder / name).write_bytes(content)
    drafting.write(folder / "pack", folder / name)
    pack = load_city_pack(folder / "pack")
    (source,) = pack.sources.values()
    return pack, source, (folder / "pack" / "city.yml").read_text(encoding="utf-8")


CALLS = {
    "Case No": "C{n:03}",
    "Occurred": "{t:%d.%m.%Y %H:%M}",
    "Closed": "{t:%d.%m.%Y %H:%M}",
    "District": "D{third}",
    "Offence": "kind {third}",
    "Caller Phone": "030-{n}",
    "Remark": "-",
}


def test_a_usual_table_is_understood(tmp_path: Path) -> None:
    pack, source, text = draft(tmp_path, table(*CALLS, delimiter=";", **CALLS))
    assert source.kind == "incident"
    assert source.format.delimiter == ";"
    assert source.fields["incident_id"].sql == '"Case No"'
    assert source.fields["occurred_at"].sql == "strptime(\"Occurred\", '%d.%m.%Y %H:%M')"
    assert source.fields["occurred_at"].precision == "minute"
    assert source.fields["closed_at"].sql == "strptime(\"Closed\", '%d.%m.%Y %H:%M')"
    assert source.fields["category"].values == {f"kind {n}": f"kind_{n}" for n in range(3)}
    assert source.area == "District"
    assert source.personal == ["Caller Phone"]
    assert source.null_texts == ["-"]
    assert (pack.first_month, str(pack.as_of)) == ("2023-01", "2023-04-18")
    assert "not used: Caller Phone, Remark" in text
    assert text.count("CHECK") > 10


def test_a_draft_runs_and_accepts_every_row(tmp_path: Path) -> None:
    pack, _, _ = draft(tmp_path, table(*CALLS, delimiter=";", **CALLS))
    (tried,) = try_pack(pack).sources
    assert (tried.rows["read"], tried.rows["accepted"]) == (60, 60)
    assert tried.areas_without_records == []


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p", "%Y%m%d", "%d-%b-%Y", "%Y年%m月%d日 %H:%M"])
def test_times_are_read_as_they_were_written(tmp_path: Path, form: str) -> None:
    cells = {"uid": "{n}", "incident_date": f"{{t:{form}}}", "what": "x{n}"}
    pack, source, _ = draft(tmp_path, table(*cells, **cells))
    assert f"'{form}'" in (source.fields["occurred_at"].sql or "")
    assert source.fields["occurred_at"].precision == ("second" if "%S" in form else "minute" if "%M" in form else "day")
    (tried,) = try_pack(pack).sources
    assert tried.rows["accepted"] == 60
    assert tried.first_day == FIRST.date()


def test_day_and_clock_of_two_columns_are_put_together(tmp_path: Path) -> None:
    cells = {"id": "{n}", "OCCUR_DATE": "{t:%Y-%m-%d}", "OCCUR_TIME": "{t:%H:%M:%S}", "crime": "c{n}"}
    _, source, _ = draft(tmp_path, table(*cells, **cells))
    assert source.fields["occurred_at"].sql == "strptime(\"OCCUR_DATE\" || ' ' || \"OCCUR_TIME\", '%Y-%m-%d %H:%M:%S')"


def test_day_and_month_that_could_change_places_are_marked(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},{1 + n % 12:02}/{1 + n % 11:02}/2023,x{n}" for n in range(40))
    _, _, text = draft(tmp_path, f"id,incident_date,offense\n{rows}\n".encode())
    assert "day and month may have to change places" in text


def test_day_and_month_that_could_not_are_not(tmp_path: Path) -> None:
    cells = {"id": "{n}", "incident_date": "{t:%m/%d/%Y}", "offense": "o{n}"}
    _, source, text = draft(tmp_path, table(*cells, **cells))
    assert "%m/%d/%Y" in (source.fields["occurred_at"].sql or "")
    assert "change places" not in text


@pytest.mark.parametrize(
    ("encoding", "named", "said"),
    [
        ("gb18030", "gb18030", "盗窃案件"),
        ("cp1252", "windows-1252", "Diebstahl süß"),
        ("utf-8-sig", "utf-8", "盗窃案件"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, named: str, said: str) -> None:
    cells = {"uid": "{n}", "date": "{t:%Y-%m-%d %H:%M}", "offence": said}
    pack, source, _ = draft(tmp_path, table(*cells, encoding=encoding, **cells))
    assert source.format.encoding == named
    if encoding != "gb18030":
        assert list(source.fields["category"].values or {}) == [said]
    check_pack(pack)


def test_points_are_taken_and_an_area_is_made_around_them(tmp_path: Path) -> None:
    cells = {"id": "{n}", "date": "{t:%Y-%m-%d}", "Longitude": "{far}", "Latitude": "5{third}.5", "crime": "c{n}"}
    pack, source, _ = draft(tmp_path, table(*cells, **cells))
    assert source.coordinates is not None
    assert (source.coordinates.x, source.coordinates.y) == ("Longitude", "Latitude")
    (tried,) = try_pack(pack).sources
    assert tried.rows["accepted"] == 60
    assert not [each for each in tried.flagged if each.finding in ("area_missing", "outside_area")]


def test_points_in_another_system_are_left_to_the_user(tmp_path: Path) -> None:
    cells = {"id": "{n}", "date": "{t:%Y-%m-%d}", "x_coord": "98{n:04}", "y_coord": "20{n:04}", "crime": "c{n}"}
    _, source, text = draft(tmp_path, table(*cells, **cells))
    assert source.coordinates is None
    assert '# coordinates: {x: "x_coord", y: "y_coord", crs: EPSG:0000}' in text


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (("stop_id", "start", "officer", "search"), "patrol"),
        (("request_id", "created", "agency", "complaint"), "service"),
        (("id", "answered", "respondent", "item"), "survey"),
        (("id", "date", "volunteer", "minutes"), "participation"),
        (("a", "b", "c", "d"), "incident"),
    ],
)
def test_the_kind_follows_the_names(columns: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    cells = dict(zip(columns, ("{n}", "{t:%Y-%m-%d %H:%M}", "x{third}", "{third}"), strict=True))
    _, source, _ = draft(tmp_path, table(*columns, **cells), "rows.csv")
    assert source.kind == kind


def test_rows_without_an_id_are_known_by_all_that_they_say(tmp_path: Path) -> None:
    cells = {"date": "{t:%Y-%m-%d}", "offence": "kind {third}"}
    content = table(*cells, **cells)
    _, source, text = draft(tmp_path, content + content.split(b"\n", 1)[1])
    assert "md5(concat_ws" in (source.fields["incident_id"].sql or "")
    assert "CHECK: no column tells rows apart" in text


@pytest.mark.parametrize("content", [b"", b"just a text\n", b"a,b\n", b"a,,c\n1,2,3\n", b"\x00\x01\x02\xff" * 50])
def test_what_is_no_table_is_refused_with_a_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    done = CliRunner().invoke(cli.main, ["init", str(tmp_path / "pack"), "--from", str(tmp_path / "x.csv")])
    assert done.exit_code == 1
    assert "What to do:" in done.output
    assert not (tmp_path / "pack").exists()


def test_a_file_that_is_not_there_or_is_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(table(*CALLS, **CALLS))[:200])
    for name in ("nowhere.csv", "x.csv.gz"):
        with pytest.raises(SourceError, match="cannot be read"):
            drafting.write(tmp_path / "pack", tmp_path / name)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    draft(tmp_path, table(*CALLS, **CALLS))
    with pytest.raises(PackError, match="not overwritten"):
        drafting.write(tmp_path / "pack", tmp_path / "calls.csv")


@pytest.mark.parametrize(
    ("path", "kind", "identity"),
    [
        ("nyc/data/vehicle_thefts_2014_2017.csv.gz", "incident", "uid"),
        ("nyc/data/shooting_victims_2006_2023.csv.gz", "incident", "INCIDENT_KEY"),
        ("nyc/data/council_cases_2015_2025.csv.gz", "service", "unique_key"),
        ("seattle/data/terry_stops_2015_2017.csv.gz", "patrol", "TERRY_STOP_ID"),
    ],
)
def test_real_tables_give_drafts_that_run(tmp_path: Path, path: str, kind: str, identity: str) -> None:
    drafting.write(tmp_path / "pack", ROOT / "cities" / path)
    pack = load_city_pack(tmp_path / "pack")
    (source,) = pack.sources.values()
    assert source.kind == kind
    assert source.fields[f"{kind}_id"].sql == identity
    check_pack(pack)


@settings(deadline=None)
@given(
    st.lists(st.text(st.characters(exclude_characters="\r\x00", codec="utf-8"), max_size=12), min_size=2, max_size=6),
    st.lists(st.lists(st.text(st.characters(exclude_characters="\r\x00", codec="utf-8"), max_size=9)), max_size=12),
)
def test_any_table_gives_a_pack_that_is_read_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    (folder / "x.csv").write_text(out.getvalue(), encoding="utf-8")
    refused = None
    try:
        drafting.write(folder / "pack", folder / "x.csv")
    except SourceError as error:
        refused = error
    if refused is None:
        load_city_pack(folder / "pack")
    else:
        assert refused.remedy


def test_a_long_table_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "SAMPLE_ROWS", 20)
    _, _, text = draft(tmp_path, table(*CALLS, **CALLS))
    assert "rows" in text.split("first_month:")[1].splitlines()[0]
