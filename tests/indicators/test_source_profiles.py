from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from indicators.source_profiles import ANOMALY_SCHEMA, Profiles, Series, anomalies, judged_from, source_series

FIRST, AS_OF = date(2022, 1, 1), date(2023, 9, 30)
DAYS = pl.date_range(FIRST, AS_OF, eager=True).alias("day")
BEGIN = (judged_from(AS_OF) - FIRST).days


def each_day(**columns: pl.Expr | int | str) -> pl.DataFrame:
    given = {name: pl.lit(value) if not isinstance(value, pl.Expr) else value for name, value in columns.items()}
    return pl.DataFrame({"day": DAYS}).select(source=pl.lit("calls"), day="day", **given)


def profiles() -> Profiles:
    """A source of a hundred records a day that never changes."""
    fields = [
        each_day(field="channel", content="category", records=100, filled=80),
        each_day(field="minutes", content="amount", records=100, filled=100),
        each_day(field="recorded_at", content="delay", records=100, filled=100),
        each_day(field="lat", content="other", records=100, filled=80),
        each_day(field="due_at", content="delay", records=100, filled=0),
    ]
    categories = [
        each_day(field="channel", category="phone", records=60),
        each_day(field="channel", category="app", records=20),
    ]
    numbers = [
        each_day(field=field, bucket=bucket, records=records)
        for field in ("minutes", "recorded_at")
        for bucket, records in ((3, 30), (4, 40), (5, 30))
    ]
    spans = pl.DataFrame({"source": ["calls"], "first_day": [FIRST], "last_day": [AS_OF]})
    volume = each_day(records=100)
    return Profiles(volume, pl.concat(fields), pl.concat(categories), pl.concat(numbers), spans)


def changed(frame: pl.DataFrame, day: date, **columns: pl.Expr) -> pl.DataFrame:
    is_it = pl.col("day") == day
    return frame.with_columns(
        pl.when(is_it).then(value).otherwise(name).cast(frame.schema[name]).alias(name)
        for name, value in columns.items()
    )


def found(given: Profiles) -> list[tuple[object, ...]]:
    rows = anomalies(given, AS_OF)
    assert rows.schema == ANOMALY_SCHEMA
    return rows.select("day", "metric", "field", "value", "observed", "direction").rows()


DAY = date(2023, 8, 9)


def test_the_current_quarter_and_the_one_before_are_judged() -> None:
    assert judged_from(date(2023, 8, 9)) == date(2023, 4, 1)
    assert judged_from(date(2023, 2, 1)) == date(2022, 10, 1)
    assert judged_from(date(2023, 4, 1)) == date(2023, 1, 1)


def test_series_of_a_source() -> None:
    made = list(source_series(profiles(), DAYS, BEGIN))
    named = {(series.metric, series.field, series.value): series for series in made}
    assert set(named) == {
        ("volume", None, None),
        *(("missing", field, None) for field in ("channel", "minutes", "recorded_at", "lat")),
        *(("mix", "channel", value) for value in ("phone", "app", None)),
        # All reach 8, 70 of 100 reach 16, none reaches 64; 30 would be as near to a half, the lower bound is taken.
        *((metric, field, bound) for metric, field in (("size", "minutes"), ("delay", "recorded_at"))
          for bound in ("8", "16", "64")),
    }  # fmt: skip
    first = {name: (series.counts[0], series.totals[0]) for name, series in named.items()}
    assert first["volume", None, None] == (100, 1)
    assert first["missing", "channel", None] == (20, 100)
    assert first["mix", "channel", "app"] == (20, 80)
    assert first["mix", "channel", None] == (0, 80)
    assert first["size", "minutes", "16"] == (70, 100)
    assert first["delay", "recorded_at", "64"] == (0, 100)


def test_rare_categories_are_judged_together() -> None:
    rare = [each_day(field="channel", category=f"c{n:02}", records=pl.col("day").dt.day() == n) for n in range(1, 31)]
    few = pl.concat(rare).cast({"records": pl.Int32}).filter(pl.col("records") > 0)
    given = replace(profiles(), categories=pl.concat([profiles().categories, few]))
    mix = [series for series in source_series(given, DAYS, BEGIN) if series.metric == "mix"]
    assert [series.value for series in mix] == ["phone", "app", None]


def test_days_without_a_record_are_zeros_within_a_span_alone() -> None:
    gone = profiles()
    gap = pl.col("day").is_between(date(2022, 3, 1), date(2022, 3, 31)) | (pl.col("day") == DAY)
    spans = pl.DataFrame(
        {"source": "calls", "first_day": [FIRST, date(2022, 4, 1)], "last_day": [date(2022, 2, 28), AS_OF]}
    )
    (volume, *_) = source_series(replace(gone, volume=gone.volume.filter(~gap), spans=spans), DAYS, BEGIN)
    assert isinstance(volume, Series)
    position = (DAY - FIRST).days
    assert (volume.counts[position], volume.totals[position]) == (0, 1)
    assert volume.totals[59:90].sum() == 0
    assert volume.totals.sum() == len(DAYS) - 31


def test_a_source_that_never_changes_has_no_unusual_day() -> None:
    assert found(profiles()) == []


@pytest.mark.parametrize(
    ("table", "columns", "row"),
    [
        ("volume", {"records": pl.lit(20)}, ("volume", None, None, 20, "below")),
        (
            "fields",
            {"filled": pl.when(pl.col("field") == "lat").then(60).otherwise("filled")},
            ("missing", "lat", None, 0.4, "above"),
        ),
        (
            "categories",
            {"category": pl.when(pl.col("category") == "app").then(pl.lit("web")).otherwise("category")},
            ("mix", "channel", None, 0.25, "above"),
        ),
        (
            "numbers",
            {"bucket": pl.when(pl.col("field") == "minutes").then(pl.col("bucket") + 6).otherwise("bucket")},
            ("size", "minutes", "64", 1, "above"),
        ),
        (
            "numbers",
            {"bucket": pl.when(pl.col("field") == "recorded_at").then(pl.lit(-2)).otherwise("bucket")},
            ("delay", "recorded_at", "8", 0, "below"),
        ),
    ],
)
def test_a_fault_is_told_by_metric_and_field(table: str, columns: dict[str, pl.Expr], row: tuple[object, ...]) -> None:
    given = profiles()
    told = found(replace(given, **{table: changed(getattr(given, table), DAY, **columns)}))
    assert told == [(DAY, *row)]


def test_what_is_usual_is_told_in_the_unit_of_what_was_observed() -> None:
    given = profiles()
    filled = pl.when(pl.col("field") == "lat").then(30).otherwise("filled")
    (row,) = anomalies(replace(given, fields=changed(given.fields, DAY, filled=filled)), AS_OF).to_dicts()
    assert (row["records"], row["observed"]) == (100, 0.7)
    assert row["low"] < row["expected"] < row["high"] < row["observed"]
    assert row["expected"] == pytest.approx(0.2, abs=0.01)
    assert row["p_value"] < 0.001
    given = replace(given, volume=changed(given.volume, DAY, records=pl.lit(250)))
    (row,) = anomalies(given, AS_OF).to_dicts()
    assert (row["records"], row["observed"], row["direction"]) == (250, 250, "above")
    assert row["low"] < 100 < row["high"] < 250


def test_a_verdict_stays_when_later_days_are_judged() -> None:
    given = profiles()
    given = replace(given, volume=changed(given.volume, DAY, records=pl.lit(20)))
    first = anomalies(given, DAY)
    assert first.equals(anomalies(given, DAY + timedelta(days=20)))
    assert first.height == 1
    assert anomalies(given, DAY - timedelta(days=1)).is_empty()


def test_a_source_that_has_fallen_silent_is_judged_up_to_its_last_record() -> None:
    given = profiles()
    told = found(replace(given, volume=given.volume.filter(pl.col("day") <= DAY)))
    assert told == []


def test_a_new_source_is_not_judged_by_a_few_days() -> None:
    given = profiles()
    recent = pl.col("day") >= date(2023, 6, 20)
    volume = changed(given.volume.filter(recent), DAY, records=pl.lit(900))
    assert found(replace(given, volume=volume)) == []
    assert found(replace(given, volume=volume.clear(), spans=given.spans.clear())) == []
