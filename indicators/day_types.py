"""What kind of day each date is, and which day of the year before it compares with.

Belongs here: working days, weekends, public holidays with their make-up working days, the Spring Festival, and a
pack's overrides. Not here: what a model makes of them (`daily_alarms`).
"""

from datetime import date, timedelta

import holidays
import polars as pl

DAY_TYPES = ("workday", "weekend", "holiday", "make_up_workday", "spring_festival")
OVERRIDE_SCHEMA = pl.Schema({"day": pl.Date, "day_type": pl.String})
SPRING_FESTIVAL = "Chinese New Year (Spring Festival)"
# People leave from about two weeks before the new year's day, and are back by the Lantern Festival, the fifteenth day.
FESTIVAL_SEASON_DAYS = 15
EXCHANGED = "Day off (substituted"
# The same weekday a year earlier, and a week to either side of it.
COMPARED_DAYS_BEFORE = (364, 357, 371)


def day_types(first: date, last: date, country: str, overrides: pl.DataFrame | None = None) -> pl.DataFrame:
    """Type of each day from `first` to `last`, and the day of the year before that it compares with.

    A weekend between two holidays of one break, or cut short by a working day after it or before, is part of the
    holiday. In China all holidays of the break that holds the lunar new year's day are `spring_festival`, and a working
    day on a weekend is `make_up_workday`; both are known from the State Council's notice, which comes out in the last
    quarter of the year before: a later year has its statutory holidays alone, until the library is renewed or
    `overrides` say more.

    Compared with each other are, within 15 days of the lunar new year's day, days as far from it; holidays of
    one name; else the same weekday 52 weeks before, or 51 or 53, where both days are of one type and none is near
    the lunar new year. Many days of January and February have no fellow where the Spring Festival moved: those two
    months compare jointly.

    Parameters
    ----------
    first, last : date
    country : str
        Two letters of ISO 3166: public holidays of the whole country (federal ones of the United States).
    overrides : DataFrame, optional
        `OVERRIDE_SCHEMA`: days whose type the pack knows better.

    Returns
    -------
    DataFrame
        day, day_type (one of `DAY_TYPES`), holiday (its English name, null if none), days_from_new_year (null unless
        within 15 days of the lunar new year's day), compared_day (null if none). Sorted.

    Raises
    ------
    ValueError
        If the country is not known, or overrides name a day twice or an unknown type.
    """
    if last < first:
        raise ValueError(f"the last day, {last}, lies before the first, {first}")
    # The year before, for comparison, and a few days more, so that a break is seen whole.
    days = _typed(date(first.year - 1, 1, 1) - timedelta(days=31), last + timedelta(days=31), country)
    if overrides is not None:
        days = _overridden(days, overrides)
    return _compared(days).filter(pl.col("day").is_between(first, last))


def weekday_types(first: date, last: date) -> pl.DataFrame:
    """Type of each day where no public holidays are known: Saturday and Sunday are a `weekend`, the rest `workday`.

    Returns
    -------
    DataFrame
        As `day_types` gives it.
    """
    days = pl.date_range(first - timedelta(days=max(COMPARED_DAYS_BEFORE)), last, eager=True)
    is_weekend = pl.col("day").dt.weekday() > 5
    typed = pl.DataFrame({"day": days}).select(
        "day",
        holiday=pl.lit(None, pl.String),
        day_type=pl.when(is_weekend).then(pl.lit("weekend")).otherwise(pl.lit("workday")),
        days_from_new_year=pl.lit(None, pl.Int64),
    )
    return _compared(typed).filter(pl.col("day").is_between(first, last))


def is_known_country(country: str) -> bool:
    """Whether the library knows the public holidays of a country, given by its two letters of ISO 3166."""
    return country in holidays.list_supported_countries(include_aliases=False)


def _typed(first: date, last: date, country: str) -> pl.DataFrame:
    years = range(first.year, last.year + 1)
    try:
        listed = holidays.country_holidays(country, years=years, language="en_US")
    except NotImplementedError as error:
        raise ValueError(
            f"no public holidays are known for the country {country!r}: use its ISO 3166 letters"
        ) from error
    # The name of what a day stands for; days off in exchange for a weekend have none of their own.
    names = {
        day: None if name.startswith(EXCHANGED) else name.removesuffix(" (observed)") for day, name in listed.items()
    }
    new_years = [day for day, name in listed.items() if name == SPRING_FESTIVAL]
    # Three days have that name: the first of a year is the new year's day.
    new_years = [min(day for day in new_years if day.year == year) for year in sorted({day.year for day in new_years})]
    given = pl.DataFrame(
        {"day": list(names), "holiday": list(names.values())}, schema={"day": pl.Date, "holiday": pl.String}
    )
    new_year = pl.DataFrame({"new_year": new_years}, schema={"new_year": pl.Date})
    is_holiday = pl.col("day").is_in(list(names))
    is_weekend = pl.col("day").dt.weekday().is_in([weekday + 1 for weekday in listed.weekend])
    is_made_up = pl.col("day").is_in(list(listed.weekend_workdays))
    return (
        pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
        .join(given, on="day", how="left", maintain_order="left")
        .join_asof(new_year, left_on="day", right_on="new_year", strategy="nearest")
        .with_columns(is_holiday=is_holiday, is_off=(is_weekend | is_holiday) & ~is_made_up, is_made_up=is_made_up)
        .with_columns(
            stretch=pl.col("is_off").rle_id(),
            is_cut_short=(pl.col("is_made_up").shift(1) | pl.col("is_made_up").shift(-1)).fill_null(False),
        )
        .with_columns(
            is_holiday=pl.col("is_off")
            & (_enclosed("is_holiday") | (pl.col("is_holiday").any() & pl.col("is_cut_short"))).over("stretch")
        )
        .with_columns(is_spring=pl.col("is_holiday") & (pl.col("day") == pl.col("new_year")).any().over("stretch"))
        .select(
            "day",
            "holiday",
            day_type=pl.when("is_spring")
            .then(pl.lit("spring_festival"))
            .when("is_holiday")
            .then(pl.lit("holiday"))
            .when("is_made_up")
            .then(pl.lit("make_up_workday"))
            .when("is_off")
            .then(pl.lit("weekend"))
            .otherwise(pl.lit("workday")),
            days_from_new_year=(pl.col("day") - pl.col("new_year")).dt.total_days(),
        )
        .with_columns(
            days_from_new_year=pl.when(pl.col("days_from_new_year").abs() <= FESTIVAL_SEASON_DAYS).then(
                "days_from_new_year"
            )
        )
    )


def _enclosed(column: str) -> pl.Expr:
    """True where the flag holds, or held before and will hold again."""
    seen = pl.col(column).cast(pl.Int8)
    return (seen.cum_max() == 1) & (seen.cum_max(reverse=True) == 1)


def _overridden(days: pl.DataFrame, overrides: pl.DataFrame) -> pl.DataFrame:
    given = overrides.select(pl.col(name).cast(dtype) for name, dtype in OVERRIDE_SCHEMA.items())
    unknown = given.filter(~pl.col("day_type").is_in(DAY_TYPES) | pl.col("day_type").is_null())
    if not unknown.is_empty():
        raise ValueError(f"overrides: {unknown.row(0, named=True)} has no type of {', '.join(DAY_TYPES)}")
    repeated = given.filter(pl.col("day").is_duplicated())
    if not repeated.is_empty():
        raise ValueError(f"overrides: {repeated['day'][0]} has two types; keep one")
    return days.update(given, on="day", how="left")


def _compared(days: pl.DataFrame) -> pl.DataFrame:
    year = pl.col("day").dt.year()
    numbered = days.with_columns(
        year=year,
        # A name may stand for several days: the first compares with the first.
        number=pl.int_range(pl.len()).over("holiday", year, order_by="day"),
    )
    earlier = numbered.with_columns(year=pl.col("year") + 1)
    same_distance = earlier.drop_nulls("days_from_new_year").select("year", "days_from_new_year", as_far="day")
    same_name = earlier.drop_nulls("holiday").select("year", "holiday", "number", same_name="day")
    found = numbered.join(same_distance, on=["year", "days_from_new_year"], how="left").join(
        same_name, on=["year", "holiday", "number"], how="left"
    )
    plain = days.filter(pl.col("days_from_new_year").is_null()).select("day_type", compared="day")
    for before in COMPARED_DAYS_BEFORE:
        fellow = plain.select(
            "day_type", pl.col("compared").alias(f"fellow_{before}"), day=pl.col("compared") + timedelta(before)
        )
        found = found.join(fellow, on=["day", "day_type"], how="left")
    is_near = pl.col("days_from_new_year").is_not_null()
    by_weekday = pl.coalesce(f"fellow_{before}" for before in COMPARED_DAYS_BEFORE)
    return found.select(
        "day",
        "day_type",
        "holiday",
        "days_from_new_year",
        compared_day=pl.when(is_near).then("as_far").otherwise(pl.coalesce("same_name", by_weekday)),
    ).sort("day")
