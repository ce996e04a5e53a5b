"""What every part of a page needs to know: the release, the reader's view, words and colours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from dashboards.address import View, href
from dashboards.data import Release
from dashboards.figures.theme import Palette
from dashboards.wording import Words

LEADING_DIMENSION = "prevention_foundation"
"""What residents suffer comes first; how the work is organised after it."""
NUMBERS_OF_A_FIGURE = ("value", "lower", "upper", "p_value", "bound_low", "bound_high", "unusable")
SAID_OF_A_FIGURE = ("quality_grade", "grade_reason", "signal", "status", "reason")


@dataclass(frozen=True)
class Context:
    """One request's surroundings; built once by the application and handed to the page."""

    release: Release
    view: View
    words: Words
    scheme: str
    """Light or dark, as drawn; the view names it only where the reader chose it."""
    colours: Palette

    def link(self, page: str, **changes: Any) -> str:
        """Address of another view that keeps language, colour scheme and release."""
        return href(self._bare.to(page, **changes))

    @cached_property
    def _bare(self) -> View:
        return self.view.bare()

    def origin(self, indicator_id: str, area_id: str, period_kind: str, period: date) -> str:
        """Address of the page that tells where a figure comes from."""
        return self.link("explain", indicator=indicator_id, areas=(area_id,), period_kind=period_kind, period=period)

    def area_title(self, area_id: str) -> str:
        """Title of an area in the reader's language; its id where the release does not know it."""
        found = self.release.area_rows.get(area_id)
        return self.words.of(found, "title") if found else area_id

    @cached_property
    def source_titles(self) -> dict[str, str]:
        """Title by source in the reader's language."""
        rows = self.release.quality.freshness.to_dicts()
        return {row["source"]: self.words.of(row, "title") or row["source"] for row in rows}

    def reasons(self, codes: str | None) -> list[str]:
        """Put reason codes into words, sources by their titles."""
        # A page has thousands of figures, and they share a handful of reasons.
        known = self._worded_reasons
        if codes not in known:
            known[codes] = tuple(self.words.reasons(codes, self.source_titles))
        return list(known[codes])

    @cached_property
    def _worded_reasons(self) -> dict[str | None, tuple[str, ...]]:
        return {}

    @cached_property
    def available_indicators(self) -> list[dict[str, Any]]:
        """Rows of the catalogue whose figures this release carries, those about incidents first."""
        available = (dict(row) for row in self.release.indicator_rows.values() if row["status"] == "available")
        return sorted(available, key=lambda row: row["dimension"] != LEADING_DIMENSION)

    def chosen_indicator(self) -> dict[str, Any] | None:
        """Catalogue row of the view's indicator; without a choice, the first with current figures by area.

        Where none is current, the first that ever had figures; where none ever had, the first that can be mapped.
        """
        if self.view.indicator:
            return self.release.indicator(self.view.indicator)
        kind = self.view.period_kind or "month"
        closed, newest = self.release.newest_closed.get(kind), self.release.newest_figures(kind, by_area=True)
        known = [row for row in self.available_indicators if row["indicator_id"] in newest]
        current = [row for row in known if newest[row["indicator_id"]] == closed]
        mapped = (row for row in self.available_indicators if self.release.levels(row["indicator_id"]))
        return next(iter(current or known), None) or next(mapped, None)

    def chosen_kind(self, indicator_id: str) -> str:
        """Period kind of the view if the indicator has it, else month, else the first it has."""
        kinds = self.release.period_kinds(indicator_id)
        wanted = self.view.period_kind or "month"
        return wanted if wanted in kinds or not kinds else "month" if "month" in kinds else sorted(kinds)[0]

    def chosen_period(self, kind: str, periods: pl.DataFrame) -> date | None:
        """Period of the view if it exists, else the newest that was over, else the newest."""
        starts: list[date] = periods["period_start"].to_list()
        if self.view.period in starts:
            return self.view.period
        closed = self.release.newest_closed.get(kind, date.min)
        return next((start for start in starts if start <= closed), next(iter(starts), None))

    def grade(self, row: dict[str, Any]) -> str:
        """A figure's grade and what it rests on, in words."""
        known, key = self._worded_grades, (row["quality_grade"], row.get("grade_reason"))
        if key not in known:
            grade, reasons = row["quality_grade"], self.grade_reasons(row)
            known[key] = (
                self.words("figure.grade_because", grade=grade, reasons=reasons)
                if reasons
                else self.words("figure.grade", grade=grade)
            )
        return known[key]

    @cached_property
    def _worded_grades(self) -> dict[tuple[str, str | None], str]:
        return {}

    def grade_reasons(self, row: dict[str, Any]) -> str:
        """What a figure's grade rests on, in words; releases made by older versions do not tell."""
        return self.joined_reasons(row.get("grade_reason"))

    def joined_reasons(self, codes: str | None) -> str:
        """Put reason codes into one phrase."""
        known = self._joined_reasons
        if codes not in known:
            known[codes] = self.words.join(self.reasons(codes))
        return known[codes]

    @cached_property
    def _joined_reasons(self) -> dict[str | None, str]:
        return {}

    def figure_lines(self, row: Mapping[str, Any], indicator: Mapping[str, Any]) -> list[str]:
        """A figure in words: value with unit, interval, bounds, grade, status and reasons; one line each."""
        # Releases made by older versions do not tell of all.
        numbers, said = ([row.get(name) for name in names] for names in (NUMBERS_OF_A_FIGURE, SAID_OF_A_FIGURE))
        told = self._numbers_in_words(indicator["decimals"], *numbers)
        return [line.format(*told) for line in self._lines_of_a_figure(indicator["unit"], _shape(*numbers), *said)]

    def figure_texts(self, figures: pl.DataFrame, indicator: Mapping[str, Any], between: str) -> list[str]:
        """The same of many figures of one indicator, the lines of each joined.

        Parameters
        ----------
        figures
            Columns of `indicator_values`; one that older releases lack counts as null.
        """
        unit, decimals = indicator["unit"], indicator["decimals"]
        nothing = [None] * figures.height
        names = (*NUMBERS_OF_A_FIGURE, *SAID_OF_A_FIGURE)
        columns = [figures[name].to_list() if name in figures.columns else nothing for name in names]
        count = len(NUMBERS_OF_A_FIGURE)
        # Of a thousand figures most are told in the same words.
        known: dict[tuple[Any, ...], str] = {}
        texts = []
        for row in zip(*columns, strict=True):
            numbers = row[:count]
            key = (_shape(*numbers), row[count:])
            if key not in known:
                known[key] = between.join(self._lines_of_a_figure(unit, key[0], *key[1]))
            texts.append(known[key].format(*self._numbers_in_words(decimals, *numbers)))
        return texts

    def _numbers_in_words(
        self,
        decimals: int,
        value: float | None,
        lower: float | None,
        upper: float | None,
        p_value: float | None,
        low: float | None,
        high: float | None,
        unusable: int | None,
    ) -> tuple[str, ...]:
        number = self.words.number
        plain = (number(value, decimals), number(lower, decimals), number(upper, decimals))
        if p_value is None and not unusable:
            return plain
        return (
            *plain,
            number(p_value, 3),
            number(low, decimals),
            self.words.end(high, decimals),
            number(unusable),
        )

    def _lines_of_a_figure(
        self,
        unit: str | None,
        shape: tuple[bool, ...],
        grade: str | None,
        grade_reason: str | None,
        signal: str | None,
        status: str | None,
        reason: str | None,
    ) -> list[str]:
        """Lines with a place for each of the numbers, in the order of `NUMBERS_OF_A_FIGURE`."""
        words, said = self.words, []
        has_value, has_interval, has_chance, has_bounds = shape
        if not has_value:
            return [
                _literal(line) for line in (words.known("status", status or "not_available"), *self.reasons(reason))
            ]
        if grade:
            said.append(self.grade({"quality_grade": grade, "grade_reason": grade_reason}))
        if signal not in (None, "none"):
            said.append(words.known("signal", signal))
        if status != "final":
            said.append(words.known("status", status))
        lines = [words.measure_of("{0}", unit)]
        if has_interval:
            lines.append(words("figure.interval", low="{1}", high="{2}"))
        if has_chance:
            lines.append(words("figure.chance", p="{3}"))
        if has_bounds:
            lines.append(words("figure.bounds", low="{4}", high="{5}", count="{6}"))
        return lines + [_literal(line) for line in (*said, *self.reasons(reason))]


def _shape(
    value: float | None,
    lower: float | None,
    upper: float | None,
    p_value: float | None,
    low: float | None,
    _high: float | None,
    unusable: int | None,
) -> tuple[bool, bool, bool, bool]:
    """Say what there is to tell of a figure: a value, an interval, a chance, bounds that differ from the interval."""
    return value is not None, None not in (lower, upper), p_value is not None, low is not None and bool(unusable)


def _literal(text: str) -> str:
    """Text that `str.format` gives back as it was."""
    return text.replace("{", "{{").replace("}", "}}")
