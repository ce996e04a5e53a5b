"""Every figure of New York's release can be explained, and its explanation is what the tables hold."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from dashboards.data import Release
from dashboards.figure_names import period_code, read_period
from tests.conftest import wardlight

pytestmark = pytest.mark.slow
KEY = ["indicator_id", "area_id", "period_kind", "period_start"]


@pytest.fixture(scope="module")
def release(nyc_home: Path) -> Iterator[Release]:
    opened = Release((nyc_home / "releases" / "current").resolve())
    yield opened
    opened.close()


def ask(release: Release, sql: str) -> pl.DataFrame:
    return release._query(sql)


def test_every_indicator_with_figures_has_its_definition_sources_and_checks(release: Release) -> None:
    told = ask(release, "from indicator_catalogue where indicator_id in (select indicator_id from indicator_values)")
    assert told.height == 16
    for definition_hash, definition in told.select("definition_hash", "definition").iter_rows():
        assert hashlib.sha256(f"{definition}\0".encode()).hexdigest().startswith(definition_hash)
    names = set(told["indicator_id"])
    assert set(ask(release, "from indicator_sources where part = 'feeding'")["indicator_id"]) == names
    checks = ask(
        release,
        "select indicator_id, layer, table_name, run_id from indicator_checks left join expectation_results "
        "using (layer, table_name, expectation)",
    ).filter(pl.col("indicator_id").is_in(names))
    assert set(checks["indicator_id"]) == names
    # Not judged are only records of kinds that no source has.
    kinds = set(ask(release, "select kind from source_freshness")["kind"])
    without = checks.filter(pl.col("run_id").is_null()).select("layer", "table_name").unique()
    assert {layer for layer, _ in without.iter_rows()} == {"staging"}
    assert not kinds & set(without["table_name"])
    assert len(set(checks["run_id"].drop_nulls())) == 1


def test_batches_add_up_to_the_ledger(release: Release) -> None:
    by_batch = ask(
        release,
        "select source, batch_id, accepted, is_current, sum(records) filter (where counted_by = 'day') as records "
        "from ledger join batch_months using (source, batch_id) group by all",
    )
    assert by_batch.filter(pl.col("accepted") != pl.col("records")).is_empty()
    current = ask(release, "from ledger where is_current")
    assert by_batch["records"].sum() == current["accepted"].sum()
    assert set(current["file"]) == {row for row in current["file"] if row.startswith("data/")}
    refused = ask(release, "select sum(refused) from batch_months where counted_by = 'day'").item()
    assert 0 < refused <= current["quarantined"].sum()


def test_a_quotient_is_what_its_numerator_and_denominator_make(release: Release) -> None:
    """Of all figures at once: what the explanation works out is what the table holds."""
    figures = ask(
        release,
        """select v.*, c.definition ->> '$.kind' as kind, (c.definition ->> '$.per')::double as per
        from indicator_values v join indicator_catalogue c using (indicator_id) where value is not null""",
    ).filter(pl.col("kind").is_in(["rate", "weighted_rate", "proportion", "ratio", "stock_ratio"]))
    assert figures.height > 100_000
    made = pl.col("numerator") / pl.col("denominator") * pl.col("per")
    # Both are published to a declared number of digits.
    off = figures.filter((made - pl.col("value")).abs() > 1e-4 * pl.col("value").abs() + 1e-6)
    assert off.is_empty(), off.head()


def test_the_explanation_of_any_figure_is_what_the_table_holds(release: Release) -> None:
    """Of each indicator by each kind of period, and with each status, one figure drawn by its hash."""
    first = "row_number() over (partition by indicator_id, {} order by hash(area_id, period_start)) = 1"
    drawn = ask(release, f"from indicator_values qualify {first.format('period_kind')} or {first.format('status')}")
    assert drawn.height > 80
    for row in drawn.to_dicts():
        told = release.explanations.explain(*(row[name] for name in KEY))
        assert told is not None
        assert told.figure == row
        assert told.indicator["definition_hash"]
        assert told.checks
        assert read_period(period_code(row["period_kind"], row["period_start"])) is not None
        feeding = [source for source in told.sources if source.part == "feeding"]
        assert feeding
        if row["value"] is not None and row["numerator"]:
            assert any(source.batches for source in feeding), row
        for source in feeding:
            for batch in source.batches:
                assert batch["file"]
                assert source.first_month is None or source.first_month <= batch["first_month"]
                assert batch["last_month"] <= source.last_month


def test_the_command_tells_it_on_a_terminal_and_as_json(nyc_home: Path) -> None:
    done = wardlight("explain", "B2", "city", "2016-09", "--home", nyc_home)
    assert done.returncode == 0, done.stderr
    for part in (
        "Property incidents, categories delivered, New York City, September 2016",
        "819.4 ÷ 723,127.8 × 100,000 = 113.3",
        "incidents_ppm ÷ 1,000,000 where category begins with 05",
        "command:nightly",
        "data/vehicle_thefts_2014_2017.csv.gz",
    ):
        assert part in done.stdout, part
    assert str(nyc_home) not in done.stdout
    told = wardlight("explain", "按期办结率", "Brooklyn CD 01", "2016-Q3", "--home", nyc_home, "--json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert (found["period"], found["figure"]["indicator_id"], found["figure"]["area_id"]) == (
        *("2016-Q3", "G2"),
        "community_district-301",
    )
    assert found["arithmetic"]["numerator"] == found["figure"]["numerator"]
    assert found["release"]["run_id"]


@pytest.mark.parametrize(
    ("typed", "problem", "remedy"),
    [
        (("B22", "city", "2016"), "no indicator 'B22'", "did you mean B2 ("),
        (("L1", "city", "2016"), "L1 (Joint incidents handled jointly) is not available", "map incident.is_joint_duty"),
        (("B2", "Manhatan", "2016"), "no area 'Manhatan'", "manhattan (Manhattan)"),
        (("B2", "city", "2031-02"), "no row for city and 2031-02", "the nearest are 2016-11, 2016-12"),
        (("B4_vehicle_thefts", "city", "2016-Q1"), "not told by quarter", "rolling_12m, year"),
        (("B2", "city", "last May"), "'last May' is no period", "2025-W37"),
    ],
)
def test_what_there_is_not_is_refused_with_what_comes_near(
    nyc_home: Path, typed: tuple[str, str, str], problem: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from dashboards import explain_command  # in this process: what the command starts

    assert explain_command.main(["--home", str(nyc_home), *typed]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    first, second = told.err.strip().split("\n", 1)
    assert first.startswith("wardlight: ")
    assert problem in first
    assert second.startswith("  What to do: ")
    assert remedy in second
