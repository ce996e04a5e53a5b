"""The engine that a pack names: which settings go together; what this machine lacks for it is told with the line."""

import sys
from pathlib import Path

import pytest

from pipelines import engines
from pipelines.errors import PackError, SourceError
from pipelines.pack.mistakes import listed
from pipelines.validating.preflight import check_pack
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

SPARK = "engine: spark\n"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('spark: {master: "local[2]", remote: "sc://localhost"}', "give master or remote, not both"),
        ('spark: {remote: "https://localhost"}', "sc://"),
        ("spark: {exchange: here}", "^/"),
        ("engine: flink", "duckdb"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(PackError) as refused:
        write_pack(tmp_path, city_yml=f"{settings}\n{CITY_YML}")
    assert problem in str(refused.value)


def test_preflight_tells_that_pyspark_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    text = SPARK + CITY_YML
    pack = write_pack(tmp_path, city_yml=text)
    with pytest.raises((PackError, SourceError)) as refused:
        check_pack(pack)
    (error,) = listed(refused.value)
    assert (error.field, error.line) == ("engine", line_of(text, SPARK.strip()))
    assert "pyspark is not installed" in error.problem
    assert "requirements-spark.lock" in str(error.remedy)


def test_a_token_is_a_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pack = write_pack(
        tmp_path, city_yml=f'{SPARK}spark: {{remote: "sc://localhost/;token=${{SPARK_TOKEN}}"}}\n{CITY_YML}'
    )
    monkeypatch.delenv("SPARK_TOKEN", raising=False)
    with pytest.raises(SourceError, match="SPARK_TOKEN is not set"):
        list(engines.unmet(pack))


def test_an_exchange_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    pack = write_pack(tmp_path / "pack", city_yml=f"{SPARK}spark: {{exchange: {tmp_path}/file/exchange}}\n{CITY_YML}")
    with (
        engines.opened(pack, tmp_path) as engine,
        pytest.raises(PackError, match="cannot be used") as refused,
        engine.models(),
    ):
        pass
    assert refused.value.field == "spark.exchange"


def test_without_a_pack_or_with_one_of_duckdb_nothing_is_started(tmp_path: Path) -> None:
    for pack in (None, write_pack(tmp_path / "pack")):
        with engines.opened(pack, tmp_path) as engine, engine.models() as spark:
            assert spark is None
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]
