"""What differs between two releases: figures, by how much, and why. Reasons are those of the log of revisions."""

from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.errors import ReleaseError
from pipelines.publishing.release import DATABASE, Release
from pipelines.publishing.revisions import PERIOD_END, REASONS
from pipelines.warehouse import literal

_KEY = "indicator_id, area_id, period_kind, period_start"


@dataclass(frozen=True)
class Differences:
    """What differs between a release and a later one.

    Attributes
    ----------
    figures : DataFrame
        Figures that changed: indicator_id, area_id, period_kind, period_start, value_before, value_now,
        numerator_before, numerator_now, status_before, status_now, is_open (the period was not over), reason (codes
        joined by `;`; `period_open` of open periods; null where the log does not reach so far back). Those with the
        greatest relative change first.
    added, gone : int
        Figures of periods, areas or indicators that only the later, or only the earlier, release has.
    status_only : int
        Figures of the same value and another status.
    """

    figures: pl.DataFrame
    added: int
    gone: int
    status_only: int

    def summary(self) -> pl.DataFrame:
        """Count the changed figures: indicator_id, reason, figures, largest (greatest relative change, as a share)."""
        return (
            self.figures.group_by("indicator_id", "reason")
            .agg(figures=pl.len(), largest=pl.col("relative").max())
            .sort("indicator_id", "figures", descending=[False, True])
        )


def compare(before: Release, now: Release) -> Differences:
    """Compare two releases of one home folder.

    Raises
    ------
    ReleaseError
        If one was made by a version whose tables are others.
    """
    since, as_of = int(before.manifest["sequence"]), before.manifest["as_of"]
    order = ", ".join(map(literal, REASONS))
    with duckdb.connect() as con:
        for name, release in (("was", before), ("now", now)):
            con.execute(f"attach {literal(str(release.folder / DATABASE))} as {name}_release (read_only)")
        try:
            con.execute(
                f"""
                create temp table paired as
                with was as (
                    select {_KEY}, value, numerator, status, true as was_there from was_release.indicator_values
                ),
                now as (select {_KEY}, value, numerator, status, true as is_there from now_release.indicator_values),
                log as (
                    select {_KEY}, string_agg(distinct each, ';' order by list_position([{order}], each)) as reason
                    from (
                        select {_KEY}, unnest(string_split(reason, ';')) as each from now_release.revisions
                        where sequence > {since}
                    ) group by all
                )
                select {_KEY}, was.value as value_before, now.value as value_now, was.numerator as numerator_before,
                    now.numerator as numerator_now, was.status as status_before, now.status as status_now,
                    {PERIOD_END} > date {literal(as_of)} as is_open,
                    case when {PERIOD_END} > date {literal(as_of)} then 'period_open' else reason end as reason,
                    was_there, is_there
                from was full join now using ({_KEY}) left join log using ({_KEY})
                """
            )
        except duckdb.Error as error:
            raise ReleaseError(
                f"{before.release_id} and {now.release_id} cannot be compared: {str(error).splitlines()[0]}",
                file=now.folder,
                remedy="compare releases that this version of Wardlight has made",
            ) from error
        counts = con.execute(
            """
            select count(*) filter (where was_there is null), count(*) filter (where is_there is null),
                count(*) filter (where value_before is not distinct from value_now and was_there and is_there
                    and status_before <> status_now)
            from paired
            """
        ).fetchone()
        figures = con.sql(
            f"""
            select * exclude (was_there, is_there),
                abs(value_now - value_before) / nullif(greatest(abs(value_before), abs(value_now)), 0) as relative
            from paired where was_there and is_there and value_before is distinct from value_now
            order by is_open, relative desc nulls first, {_KEY}
            """
        ).pl()
    added, gone, status_only = counts or (0, 0, 0)
    return Differences(figures, int(added), int(gone), int(status_only))
