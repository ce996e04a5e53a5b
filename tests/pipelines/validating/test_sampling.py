"""A database or a service is asked for a sample, really, and the pack is tried on what it answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import PackError
from pipelines.pack.city import CityPack
from pipelines.validating import sampling
from pipelines.validating.trial import try_pack
from tests.pipelines.pulling.postgres_server import PostgresServer, postgres_server
from tests.pipelines.pulling.record_service import RecordService, record_service
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

pytestmark = pytest.mark.slow

FILES = "    files: [calls.csv]\n"
COLUMNS = 'id, area, start, "end", closed, updated, what, prio, x, y'


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as running:
        running.execute(
            "create table calls as select n as id, case when n = 3 then 9 else 1 + n % 3 end as area, "
            "to_char(timestamp '2016-03-01' + n * interval '1 minute', 'YYYY-MM-DD HH24:MI') as start, "
            """null::text as "end", null::text as closed, null::text as updated, 'theft, "petty"' as what, """
            "n as prio, 0.5::numeric as x, 0.5 as y from generate_series(1, 3000) as n"
        )
        yield running


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordService]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with record_service() as running:
        yield running


def pack_with(folder: Path, origin: str) -> CityPack:
    assert CITY_YML.count(FILES) == 1
    return write_pack(folder, city_yml=CITY_YML.replace(FILES, f"    {origin}\n"))


def database(address: str, query: str) -> str:
    return f"database: {{connection: \"{address}\", query: '{query}', window_column: nowhere}}"


def api(service: RecordService, style: str, key: str = "id") -> str:
    resource = ", resource_id: r" if style == "ckan" else ""
    return f"api: {{style: {style}, url: {service.url(style)}, key: {key}, page_rows: 50, tries: 1{resource}}}"


def test_a_database_is_asked_for_some_rows(tmp_path: Path, postgres: PostgresServer) -> None:
    pack = pack_with(tmp_path, database(postgres.address, f"select {COLUMNS} from calls -- the calls"))
    trial = try_pack(pack)
    assert trial.errors == []
    (calls,) = trial.sources
    assert calls.sampled
    assert calls.rows["read"] == sampling.SAMPLE_ROWS
    assert calls.unknown_areas is not None
    assert calls.unknown_areas.examples == {"9": 1}
    (filled,) = [each for each in calls.fields if each.field == "category"]
    assert filled.records == calls.rows["accepted"] == sampling.SAMPLE_ROWS - 1


@pytest.mark.parametrize("style", ["socrata", "ckan", "arcgis"])
def test_a_service_is_asked_for_one_page(tmp_path: Path, service: RecordService, style: str) -> None:
    for n in range(1, 151):
        cells = dict.fromkeys(("end", "closed", "updated"), None)
        service.put(n, area="2", start="2016-03-01 10:00", what="theft", prio=1, x=1.5, y=0.5, **cells)
    (calls,) = try_pack(pack_with(tmp_path, api(service, style))).sources
    assert calls.sampled
    assert len(service.pages()) == 1
    assert 40 <= calls.rows["read"] <= 50
    assert calls.rows["accepted"] == calls.rows["read"]
    assert calls.areas_without_records == ["1", "3"]


@pytest.mark.parametrize(
    ("address", "query", "problem"),
    [
        ("postgresql://nobody@127.0.0.1:1/none?connect_timeout=2", "select 1 as id", "no connection"),
        ("postgresql://nobody:${NOT_SET_HERE}@127.0.0.1:1/none", "select 1 as id", "NOT_SET_HERE is not set"),
        (None, "select 1 as id; drop table calls", "is refused"),
        (None, "select nothing from calls", "nothing"),
    ],
)
def test_a_database_that_does_not_answer_is_an_error_at_its_line(
    tmp_path: Path, postgres: PostgresServer, address: str | None, query: str, problem: str
) -> None:
    pack = pack_with(tmp_path, database(address or postgres.address, query))
    (error,) = try_pack(pack).errors
    assert isinstance(error, PackError)
    assert error.file == str(tmp_path / "city.yml")
    assert error.line == line_of((tmp_path / "city.yml").read_text(encoding="utf-8"), "database:")
    assert (error.field or "").startswith("sources.calls.database")
    assert problem in error.problem
    assert error.remedy


def test_a_service_that_refuses_is_an_error_at_its_line(tmp_path: Path, service: RecordService) -> None:
    from tests.pipelines.pulling.record_service import status

    service.steps.extend([status(403)] * 3)
    (error,) = try_pack(pack_with(tmp_path, api(service, "socrata"))).errors
    assert error.field == "sources.calls.api"
    assert error.line == line_of((tmp_path / "city.yml").read_text(encoding="utf-8"), "api:")


def test_a_mapping_that_does_not_fit_the_columns_is_an_error(tmp_path: Path, postgres: PostgresServer) -> None:
    pack = pack_with(tmp_path, database(postgres.address, "select id, area, start from calls"))
    (error,) = try_pack(pack).errors
    assert error.remedy


def test_files_are_left_as_they_are(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    assert sampling.sampled(pack, "calls", tmp_path) is pack.sources["calls"]
