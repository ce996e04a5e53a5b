"""Questions to one release about where one figure comes from, answered as one account.

Here: what the release holds of a figure's definition, sources, batches, checks and run. Not here: finding out which
figure is meant (`figure_names`), and putting the account into words (`explanation`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.periods import period_end
from dashboards.questions import Questions

EXACT_PROFILES = ("open", "internal")
RATIOS = ("rate", "weighted_rate", "proportion", "ratio", "stock_ratio")
"""Kinds of figure that are the numerator divided by the denominator, times what they are given per."""
RELEASE_FACTS = (
    *("release_id", "previous", "as_of", "data_window", "trigger", "run_id", "code_version", "code_hash", "pack_hash"),
    *("catalogue_hash", "content_hash"),
)
Row = dict[str, Any]


@dataclass(frozen=True)
class SourceBehind:
    """One source of a figure.

    Attributes
    ----------
    source, kind, title_en, title_zh
        kind and titles are None where the release knows no such source.
    part
        `feeding`: its records are counted; `residents`: it says how many people there are; `possible`: it maps all
        that is needed, and has no record that counts.
    counted_by
        By which of its days a record counts: `day` (its first), `possible_day` (each on which it may have happened),
        `due_day`.
    first_month, last_month
        Months in which its records may lie; first is None where all that hold count, however old.
    spans
        Uninterrupted spans of the source that reach into these months: first_day, last_day.
    troubled_months
        Months among these in which it was silent, collapsed or sent far more than usual: month, status.
    batches
        Batches with records in these months: batch_id, file, loaded_at, is_current, read, accepted, quarantined (of all
        the batch), first_month, last_month, records, refused (of these months; by their first day). Counts are None
        where the release protects them.
    """

    source: str
    kind: str | None
    title_en: str | None
    title_zh: str | None
    part: str
    counted_by: str
    first_month: date | None
    last_month: date
    spans: Sequence[Row]
    troubled_months: Sequence[Row]
    batches: Sequence[Row]


@dataclass(frozen=True)
class Explanation:
    """Where one figure comes from.

    Attributes
    ----------
    figure
        Its row of `indicator_values`.
    last_day
        Last day of its period.
    area, indicator
        Its rows of `areas` and `indicator_catalogue`.
    definition
        What `definition_hash` is of: how the figure is computed.
    arithmetic
        numerator, denominator and per, of which the value is the quotient times per; None where it is no such quotient,
        or there is no value.
    earlier
        What releases before said of it: rows of `revisions`, the newest first.
    sources, gates, checks
        Sources behind it, the failed gates that hold it back, and the checks that judged what it rests on with their
        verdicts: rows of `expectation_results`, those not passed first.
    release
        Which release says so, and the run that made it.
    """

    figure: Row
    last_day: date
    area: Row
    indicator: Row
    definition: Row
    arithmetic: Mapping[str, float] | None
    earlier: Sequence[Row]
    sources: Sequence[SourceBehind]
    gates: Sequence[Row]
    checks: Sequence[Row]
    release: Row


class ExplanationData(Questions):
    """Explains the figures of one release.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    manifest
        What the release says of itself.
    """

    def __init__(self, query: Callable[..., pl.DataFrame], manifest: Mapping[str, Any]) -> None:
        super().__init__(query)
        self._release = {name: manifest.get(name) for name in RELEASE_FACTS}

    @cached_property
    def _is_exact(self) -> bool:
        return str(self._query("select disclosure from release_info").item()) in EXACT_PROFILES

    def explain(self, indicator_id: str, area_id: str, period_kind: str, period_start: date) -> Explanation | None:
        """Explain one figure, published or withheld; None if the release has no such row."""
        cell = (indicator_id, area_id, period_kind, period_start)
        found = self._rows(
            "select * from indicator_values where indicator_id = ? and area_id = ? and period_kind = ? "
            "and period_start = ?",
            *cell,
        )
        if not found:
            return None
        figure, last_day = found[0], period_end(period_kind, period_start) - timedelta(days=1)
        [indicator] = self._rows("select * from indicator_catalogue where indicator_id = ?", indicator_id)
        definition = json.loads(indicator.pop("definition") or "{}")
        return Explanation(
            figure=figure,
            last_day=last_day,
            area=self._rows("select * exclude (geometry) from areas where area_id = ?", area_id)[0],
            indicator={**indicator, **{name: json.loads(indicator[name]) for name in ("needs", "period_kinds")}},
            definition=definition,
            arithmetic=_arithmetic(figure, definition),
            earlier=self._rows(
                "select * from revisions where indicator_id = ? and area_id = ? and period_kind = ? "
                "and period_start = ? order by sequence desc",
                *cell,
            ),
            sources=self._sources(indicator_id, period_start, last_day),
            gates=self._rows(
                "select * from gates where list_contains(string_split(indicators, ','), ?) order by table_name, reason",
                indicator_id,
            ),
            checks=self.checks(indicator_id).to_dicts(),
            release=self._release,
        )

    def checks(self, indicator_id: str) -> pl.DataFrame:
        """Verdicts on what an indicator rests on: rows of `expectation_results`, those not passed first."""
        return self._query(
            """select results.* from indicator_checks checks
            join expectation_results results using (layer, table_name, expectation) where checks.indicator_id = ?
            order by exception is null, success, severity <> 'error', layer, table_name, expectation""",
            indicator_id,
        )

    def _sources(self, indicator_id: str, first_day: date, last_day: date) -> list[SourceBehind]:
        rows = self._rows(
            """select s.*, f.kind, f.title_en, f.title_zh,
              (date_trunc('month', ?::date) - s.months_before * interval 1 month)::date as first_month
            from indicator_sources s left join source_freshness f using (source) where s.indicator_id = ?
            order by list_position(['feeding', 'residents', 'possible'], s.part), s.source""",
            first_day,
            indicator_id,
        )
        return [self._source(row, last_day) for row in rows]

    def _source(self, row: Row, last_day: date) -> SourceBehind:
        source, first_month, last_month = row["source"], row["first_month"], last_day.replace(day=1)
        return SourceBehind(
            source=source,
            kind=row["kind"],
            title_en=row["title_en"],
            title_zh=row["title_zh"],
            part=row["part"],
            counted_by=row["counted_by"],
            first_month=first_month,
            last_month=last_month,
            spans=self._rows(
                "select first_day, last_day from source_span where source = ? and first_day <= ? "
                "and last_day >= coalesce(?, first_day) order by first_day",
                *(source, last_day, first_month),
            ),
            troubled_months=self._rows(
                "select month, status from source_month where source = ? and month between coalesce(?, month) "
                "and ? and status <> 'normal' order by month",
                *(source, first_month, last_month),
            ),
            batches=[] if row["part"] == "possible" else self._batches(row, last_month),
        )

    def _batches(self, row: Row, last_month: date) -> list[Row]:
        """Batches with records in the months of a source; how many is told by the first day of each."""
        told = "" if self._is_exact else "replace (null as read, null as accepted, null as quarantined)"
        return self._rows(
            f"""with own as (
              select batch_id, min(month) filter (where counted_by = $2) as first_month,
                max(month) filter (where counted_by = $2) as last_month,
                sum(records) filter (where is_counted) as records, sum(refused) filter (where is_counted) as refused
              from (
                select *, counted_by = if($2 = 'due_day', 'due_day', 'day') as is_counted from batch_months
                where source = $1 and month between coalesce($3::date, month) and $4::date
              )
              group by batch_id having first_month is not null
            )
            select * {told} from (
              select batch_id, file, loaded_at, is_current, read, accepted, quarantined, first_month, last_month,
                records::bigint as records, refused::bigint as refused
              from own join ledger using (batch_id) where source = $1
            )
            order by first_month, file, batch_id""",
            *(row["source"], row["counted_by"], row["first_month"], last_month),
        )

    def _rows(self, sql: str, *parameters: Any) -> list[Row]:
        return self._query(sql, *parameters).to_dicts()


def _arithmetic(figure: Row, definition: Row) -> dict[str, float] | None:
    counts = {name: figure[name] for name in ("numerator", "denominator")}
    if definition.get("kind") not in RATIOS or None in (figure["value"], *counts.values()):
        return None
    return {**counts, "per": float(definition["per"])}
