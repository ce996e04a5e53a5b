"""The only access to data: typed questions to one release, answered as polars frames.

A release is an immutable folder, so what is read once may be kept. Questions of single pages are in `<page>_data`, on
what figures over time are held against in `trend_data`, on how they came to be in `vintage_data`; which release is
current is for `releases`; nothing here words or draws.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dashboards.access.scope import WHOLE, NarrowCursors, Scope
from dashboards.city_data import CityData
from dashboards.comparison_data import ComparisonData
from dashboards.cooperation_data import CooperationData
from dashboards.district_data import DistrictData
from dashboards.explanation_data import ExplanationData
from dashboards.game_data import GameData
from dashboards.geometry import Outline, outline
from dashboards.intervention_data import InterventionData
from dashboards.keeping import Kept
from dashboards.periods import period_end
from dashboards.quality_data import QualityData
from dashboards.release_tables import TABLES
from dashboards.survey_data import SurveyData
from dashboards.trend_data import TrendData
from dashboards.vintage_data import VintageData

DIMENSIONS = (
    "mechanism",
    "social_linkage",
    "information_sharing",
    "prevention_foundation",
    "team",
    "technology",
    "rule_of_law",
    "public_perception",
    "government",
    "enterprises",
    "new_citizens",
)
"""The four foundations, the four means, the three subjects: the order in which they are always named."""

DAY = timedelta(days=1)
KEPT_ANSWERS = 256
"""Answers kept per release and scope, the least recently asked going first."""
KEPT_ROWS = 5_000
"""Longer answers are not kept."""
ROWS_AT_ONCE = 10_000
"""Rows that room is made for at a time; by default for a million, and an answer that is kept keeps those addresses."""


class ReleaseError(Exception):
    """No release can be shown; `code` says why in a way the pages can put into words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class ReleaseInfo:
    """The one row of `release_info`, as far as the pages show it."""

    release_id: str
    city: str
    title_en: str
    title_zh: str
    as_of: date
    time_zone: str
    language: str
    disclosure: str
    code_version: str
    attribution_en: str | None
    attribution_zh: str | None
    next_due: str | None
    """Instant, as ISO 8601 writes it, at which the release after this one is to be served."""


class Release:
    """One release, open read-only; every method may be called from any thread.

    Parameters
    ----------
    folder
        The release's own folder (not the `current` link).
    scope
        What of it is seen; questions are answered from that alone.

    Raises
    ------
    ReleaseError
        If the folder holds no readable release file or tables are missing.
    """

    def __init__(self, folder: Path, scope: Scope = WHOLE) -> None:
        self.folder = folder
        self.scope = scope
        file = folder / "release.duckdb"
        try:
            self._con = duckdb.connect(str(file), read_only=True, config={"threads": 2, "memory_limit": "1GB"})
        except duckdb.Error as error:
            raise ReleaseError("unreadable", f"{folder.name}: {error}") from error
        self._seen = NarrowCursors(self._con, scope)
        self._answers: Kept[pl.DataFrame] = Kept(KEPT_ANSWERS)
        present = {str(name) for (name,) in self._con.execute("select table_name from duckdb_tables()").fetchall()}
        missing = [table for table in TABLES if table not in present]
        if missing:
            raise ReleaseError("incomplete", f"{folder.name}: {', '.join(missing)}")

    def _query(self, sql: str, *parameters: Any, **named: Any) -> pl.DataFrame:
        """Ask the file, or remember what it answered."""
        # Answers are kept by the question as written; lists in it have no hash.
        key = (sql, repr(parameters), repr(named))
        kept = self._answers.get(key)
        if kept is None:
            try:
                # Not `sql()`, which plans a question twice.
                kept = self._seen.cursor().execute(sql, named or parameters).pl(ROWS_AT_ONCE)
            except duckdb.Error as error:
                raise ReleaseError("incomplete", f"{self.folder.name}: {error}") from error
            if kept.height <= KEPT_ROWS:
                self._answers.put(key, kept)
        return kept

    def look_through(self) -> None:
        """Ask once what most pages begin with: each of these questions goes through millions of rows."""
        _ = self.area_rows, self.indicator_rows, self._extents, self._newest_figures, self.districts.periods

    def close(self) -> None:
        """Close the file; questions asked after this fail."""
        self._seen.close()
        self._con.close()

    @cached_property
    def info(self) -> ReleaseInfo:
        """What release this is, of which city, up to which day."""
        names = ", ".join(ReleaseInfo.__dataclass_fields__)
        return ReleaseInfo(**self._query(f"select {names} from release_info").row(0, named=True))

    @cached_property
    def quality(self) -> QualityData:
        """What became of every record, and what the checks found."""
        return QualityData(self._query, self.info.as_of)

    @cached_property
    def explanations(self) -> ExplanationData:
        """Where single figures come from."""
        return ExplanationData(self._query, json.loads((self.folder / "manifest.json").read_text(encoding="utf-8")))

    @cached_property
    def city(self) -> CityData:
        """Figures of the city as a whole."""
        return CityData(self._query, self.city_id)

    @cached_property
    def comparisons(self) -> ComparisonData:
        """Areas side by side."""
        return ComparisonData(self._query)

    @cached_property
    def districts(self) -> DistrictData:
        """Single areas and all that is known of them."""
        return DistrictData(self._query)

    @cached_property
    def cooperation(self) -> CooperationData:
        """Scores of dimensions, and how they do together."""
        return CooperationData(self._query)

    @cached_property
    def vintages(self) -> VintageData:
        """Revisions, delays of recording, and nowcasts."""
        return VintageData(self._query)

    @cached_property
    def trends(self) -> TrendData:
        """What figures are held against: season, rare events, targets, the year before, breaks."""
        return TrendData(self._query)

    @cached_property
    def interventions(self) -> InterventionData:
        """Declared interventions and what came of them."""
        return InterventionData(self._query)

    @cached_property
    def survey(self) -> SurveyData:
        """What the public says."""
        return SurveyData(self._query)

    @cached_property
    def games(self) -> GameData:
        """Declared games and their scenarios."""
        return GameData(self._query)

    @cached_property
    def catalogue(self) -> pl.DataFrame:
        """Every indicator by dimension, `needs` and `period_kinds` as lists."""
        entries = self._query("select * from indicator_catalogue").with_columns(
            pl.col("needs", "period_kinds").map_elements(_names, return_dtype=pl.List(pl.String))
        )
        place = pl.col("dimension").replace_strict(DIMENSIONS, range(len(DIMENSIONS)), default=len(DIMENSIONS))
        return entries.sort(place, maintain_order=True)

    @cached_property
    def indicator_rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Rows of `catalogue` by their id."""
        return {row["indicator_id"]: row for row in self.catalogue.to_dicts()}

    def indicator(self, indicator_id: str | None) -> dict[str, Any] | None:
        """One row of the catalogue, None if there is no such indicator."""
        found = self.indicator_rows.get(indicator_id or "")
        return None if found is None else dict(found)

    @cached_property
    def areas(self) -> pl.DataFrame:
        """Areas without their geometry, in natural order (2 before 10) within their level."""
        return self._query(
            """select * exclude (geometry), geometry is not null as has_geometry from areas
            order by area_level <> 'city', has_geometry, area_level, """
            + _natural_order("")
        )

    @cached_property
    def area_rows(self) -> dict[str, dict[str, Any]]:
        """Rows of `areas` by their id."""
        return {row["area_id"]: row for row in self.areas.to_dicts()}

    @cached_property
    def city_id(self) -> str:
        """The area that stands for the whole city."""
        whole = self.areas.filter((pl.col("area_level") == "city") & ~pl.col("is_unallocated"))
        if not whole.height:
            raise ReleaseError("incomplete", f"{self.folder.name}: areas has no row of level city")
        return str(whole["area_id"][0])

    @cached_property
    def outlines(self) -> dict[str, Outline]:
        """Outlines of every area that has one: outer rings and holes as they come."""
        frame = self._query("select area_id, geometry from areas where geometry is not null")
        return {area_id: outline(json.loads(geometry)) for area_id, geometry in frame.iter_rows()}

    def levels(self, indicator_id: str) -> list[str]:
        """Area levels that can be mapped for an indicator, those with figures first."""
        drawn = self.areas.filter("has_geometry")["area_level"].unique()
        own = self._extent.filter(pl.col("indicator_id") == indicator_id, pl.col("area_level").is_in(drawn.implode()))
        by_level = own.group_by("area_level").agg(is_empty=pl.col("figures").sum() == 0)
        return by_level.sort("is_empty", "area_level")["area_level"].to_list()

    def area_ids(self, indicator_id: str) -> Collection[str]:
        """Areas for which an indicator has rows."""
        return self._extents.get(indicator_id, (frozenset(), frozenset()))[0]

    def period_kinds(self, indicator_id: str) -> Collection[str]:
        """Period kinds for which an indicator has rows."""
        return self._extents.get(indicator_id, (frozenset(), frozenset()))[1]

    @cached_property
    def _extents(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        """Areas and period kinds by indicator."""
        found = self._extent.group_by("indicator_id").agg(pl.col("area_id", "period_kind").unique())
        return {indicator: (frozenset(areas), frozenset(kinds)) for indicator, areas, kinds in found.iter_rows()}

    @cached_property
    def _extent(self) -> pl.DataFrame:
        """What the release has rows of: a few thousand, instead of millions at every question."""
        return self._query(
            """select indicator_id, area_level, area_id, period_kind, count(value) as figures
            from indicator_values group by all"""
        )

    def periods(self, indicator_id: str, period_kind: str, limit: int = 400) -> pl.DataFrame:
        """Periods in which an indicator has a figure anywhere, newest first; all of them where it never has one.

        Returns
        -------
        pl.DataFrame
            period_start, is_final (some area has a final figure).
        """
        return self._query(
            """select period_start, bool_or(status = 'final' and value is not null) as is_final
            from indicator_values where indicator_id = ? and period_kind = ?
            group by period_start
            qualify count(value) > 0 or max(count(value)) over () = 0
            order by period_start desc limit ?""",
            indicator_id,
            period_kind,
            limit,
        )

    @cached_property
    def newest_closed(self) -> dict[str, date]:
        """First day of the newest period that was over at `as_of`, by period kind."""
        kept = self._query("select distinct period_kind, period_start from indicator_values order by period_start")
        return {kind: start for kind, start in kept.iter_rows() if period_end(kind, start) <= self.info.as_of + DAY}

    def newest_figures(self, period_kind: str, by_area: bool = False) -> dict[str, date]:
        """Newest closed period with a figure, by indicator; those without any are absent.

        Parameters
        ----------
        period_kind
            Kind of the periods.
        by_area
            Ask for figures of areas that can be mapped, instead of the city's.
        """
        column = "by_area" if by_area else "in_city"
        found = self._newest_figures.filter((pl.col("period_kind") == period_kind) & pl.col(column).is_not_null())
        return dict(found.select("indicator_id", column).iter_rows())

    @cached_property
    def _newest_figures(self) -> pl.DataFrame:
        return self._query(
            """with closed as (select unnest(?::varchar[]) as period_kind, unnest(?::date[]) as newest)
            select period_kind, indicator_id, max(period_start) filter (where area_id = ?) as in_city,
              max(period_start) filter (where area_id in (select area_id from areas where geometry is not null))
                as by_area
            from indicator_values join closed using (period_kind)
            where value is not null and period_start <= newest group by all""",
            list(self.newest_closed),
            list(self.newest_closed.values()),
            self.city_id,
        )

    def map_values(self, indicator_id: str, period_kind: str, period_start: date, area_level: str) -> pl.DataFrame:
        """One row per area of a level, those without a figure among them.

        Returns
        -------
        pl.DataFrame
            area_id, title_en, title_zh, population and the columns of `indicator_values`.
        """
        return self._query(
            """select a.area_id, a.title_en, a.title_zh, a.population, v.* exclude (area_id, area_level)
            from areas a left join indicator_values v on v.area_id = a.area_id and v.indicator_id = ?
              and v.period_kind = ? and v.period_start = ?
            where a.area_level = ? and a.geometry is not null order by """
            + _natural_order("a."),
            indicator_id,
            period_kind,
            period_start,
            area_level,
        )

    def series(
        self, indicator_id: str, area_ids: Sequence[str], period_kind: str, since: date = date.min
    ) -> pl.DataFrame:
        """An indicator over time with its chart limits, by area and period, from the period `since` on."""
        return self._query(
            # Of both tables, that neither is joined whole.
            """with figure as (
              select * from indicator_values where indicator_id = $indicator and period_kind = $kind
                and list_contains($areas::varchar[], area_id) and period_start >= $since
            ), limits as (
              select area_id, period_start, basis, centre, limit_low, limit_high from indicator_limits
              where indicator_id = $indicator and period_kind = $kind
                and list_contains($areas::varchar[], area_id) and period_start >= $since
            )
            from figure left join limits using (area_id, period_start) order by area_id, period_start""",
            indicator=indicator_id,
            kind=period_kind,
            areas=list(area_ids),
            since=since,
        )

    def changes(self, limit: int) -> pl.DataFrame:
        """The most important changes with the titles and limits needed to word them."""
        return self._query(
            """select c.*, a.title_en as area_en, a.title_zh as area_zh, i.title_en as indicator_en,
              i.title_zh as indicator_zh, i.unit, i.decimals, i.polarity, l.limit_low, l.limit_high
            from changes c left join areas a using (area_id)
            left join indicator_catalogue i using (indicator_id)
            left join indicator_limits l using (indicator_id, area_id, period_kind, period_start)
            order by c.position limit ?""",
            limit,
        )


def _natural_order(prefix: str) -> str:
    """Order ids with a number by what stands before it and by the number (2 before 10), the others by their title."""
    number, stem = f"regexp_extract({prefix}area_id, '\\d+$')", f"regexp_replace({prefix}area_id, '\\d+$', '')"
    return (
        f"{number} = '', case when {number} <> '' then {stem} end, try_cast({number} as bigint) nulls last, "
        f"{prefix}title_en"
    )


def _names(text: str | None) -> list[str]:
    return [str(name) for name in json.loads(text or "[]")]
