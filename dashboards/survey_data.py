"""Questions to one release about the survey of the public, answered as polars frames.

Here: waves, estimates, gaps, reliability, importance. Not here: opening a release (`data`); nothing words or draws.
"""

from functools import cached_property

import polars as pl

from dashboards.questions import Questions


class SurveyData(Questions):
    """The survey of one release; every frame is empty where the city has none."""

    @cached_property
    def waves(self) -> pl.DataFrame:
        """Every wave, the newest first, as `survey_waves` has them."""
        return self._query("select * from survey_waves order by first_day desc, wave desc")

    @cached_property
    def margins(self) -> pl.DataFrame:
        """Shares of the newest wave's classes: margin, class, target, before, after."""
        return self._query(
            """select * exclude (wave) from survey_margins
            where wave = (select arg_max(wave, first_day) from survey_waves) order by margin, class"""
        )

    @cached_property
    def areas(self) -> list[str]:
        """Areas of which anything is told."""
        return self._query("select distinct area_id from survey_estimates where value is not null")["area_id"].to_list()

    def measured(self, area_id: str) -> set[str]:
        """Questions and foundations that are told of an area in any wave, or held back."""
        found = self._query("select distinct measured from survey_estimates where area_id = ?", area_id)
        return set(found["measured"])

    def estimates(self, area_id: str, measured: str) -> pl.DataFrame:
        """What is told of one question or foundation, by wave from the first to the last, and group.

        Returns
        -------
        pl.DataFrame
            Columns of `survey_estimates`, first_day.
        """
        return self._query(
            """select e.*, w.first_day from survey_estimates e join survey_waves w using (wave)
            where area_id = ? and measured = ? order by w.first_day, wave, person_group""",
            area_id,
            measured,
        )

    def newest(self, area_id: str) -> pl.DataFrame:
        """What everybody said in the newest wave that tells anything of the area; as `estimates`."""
        return self._query(
            """with of_area as (
                select e.*, w.first_day from survey_estimates e join survey_waves w using (wave)
                where area_id = ? and person_group = 'all'
            )
            select * from of_area
            where wave = (select arg_max(wave, first_day) from of_area where value is not null) order by measured""",
            area_id,
        )

    def gaps(self, area_id: str) -> pl.DataFrame:
        """Levels of both groups and their gap by question, the newest first: by wave where the city tells them apart.

        Returns
        -------
        pl.DataFrame
            Columns of `survey_gaps`, and `taken`: the wave or the year.
        """
        return self._query(
            """select g.*, coalesce(g.wave, g.year::varchar) as taken
            from survey_gaps g left join survey_waves w on w.wave = g.wave
            where area_id = ? and (g.wave is not null) = exists (select 1 from survey_gaps where wave is not null)
            order by year desc, w.first_day desc, g.wave desc, measured""",
            area_id,
        )

    def reliability(self, area_id: str) -> pl.DataFrame:
        """Reliability of the scales in the newest year that tells of it: a row per scale, and one per item."""
        return self._query(
            """select * from survey_reliability where area_id = ?
            and year = (select max(year) from survey_reliability where area_id = ?)
            order by foundation, item nulls first""",
            area_id,
            area_id,
        )

    def importance(self, area_id: str) -> pl.DataFrame:
        """Importance and performance of the foundations in the newest year that tells of them."""
        return self._query(
            """select * from survey_importance where area_id = ?
            and year = (select max(year) from survey_importance where area_id = ?) order by foundation""",
            area_id,
            area_id,
        )
