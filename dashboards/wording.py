"""Words, numbers and dates in the reader's language.

Texts live in `translations/<language>.yml`; titles of indicators, areas and sources come bilingual from the
release. Nothing here queries or lays out.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

TRANSLATIONS = Path(__file__).parent / "translations"
NO_FIGURE = "–"


class Words:
    """The texts of one language.

    Parameters
    ----------
    language
        `en` or `zh`; a file of that name must lie in `translations/`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = texts(language)
        self._orders: dict[str | None, str] = {}

    def __call__(self, key: str, **fields: Any) -> str:
        """Give the text of a key with its fields filled in.

        Raises
        ------
        KeyError
            If the language has no such text.
        """
        return self._texts[key].format(**fields)

    def counted(self, key: str, count: int, **fields: Any) -> str:
        """Give a text that counts things, in the singular for one of them."""
        return self(f"{key}.{'one' if count == 1 else 'many'}", count=self.number(count), **fields)

    def known(self, group: str, name: str | None) -> str:
        """Give the text of a code that the data brought; an unknown code is shown readably, not hidden."""
        key = f"{group}.{name}"
        return self._texts[key] if key in self._texts else (name or NO_FIGURE).replace("_", " ")

    def of(self, row: Mapping[str, Any], field: str) -> str:
        """Give a bilingual field of a row (`title_en`, `title_zh`) in this language, else in the other."""
        other = "en" if self.language == "zh" else "zh"
        return row.get(f"{field}_{self.language}") or row.get(f"{field}_{other}") or ""

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Format a number with grouped thousands and a true minus sign."""
        if value is None:
            return NO_FIGURE
        text = f"{value:,.{decimals}f}"
        if text[0] != "-":
            return text
        # What rounds to none has no sign.
        return f"−{text[1:]}" if text.strip("-0.") else text[1:]

    def end(self, value: float | None, decimals: int = 0) -> str:
        """Format one end of a range; null is an end that there is not."""
        return self("explain.open") if value is None else self.number(value, decimals)

    def unit(self, unit: str | None) -> str:
        """Name a unit of the catalogue."""
        return self.known("unit", unit) if unit else ""

    def measure(self, value: float | None, unit: str | None, decimals: int = 0) -> str:
        """Format a value with its unit, in the order of the language."""
        return NO_FIGURE if value is None else self.measure_of(self.number(value, decimals), unit)

    def measure_of(self, number: str, unit: str | None) -> str:
        """Put a unit to a number that is written already, in the order of the language."""
        if unit not in self._orders:
            order = f"measure.{unit}" if f"measure.{unit}" in self._texts else "measure.default"
            self._orders[unit] = self(order, value="{}", unit=self.unit(unit)).strip()
        return self._orders[unit].format(number)

    def day(self, day: date | None) -> str:
        """Format a date in full."""
        return self("date.day", d=day.day, month=self._month(day), m=day.month, y=day.year) if day else NO_FIGURE

    def moment(self, moment: datetime) -> str:
        """Format a day of this year with the time of the day."""
        return self("date.moment", d=moment.day, month=self._month(moment), m=moment.month, time=f"{moment:%H:%M}")

    def period(self, period_kind: str, start: date) -> str:
        """Name a period by its kind and first day."""
        return _period(self.language, period_kind, start)

    def in_period(self, period_kind: str, start: date) -> str:
        """Name a period as part of a sentence ("in November 2016", "on 3 May 2016")."""
        return self(f"in_period.{period_kind}", period=self.period(period_kind, start))

    def reasons(self, codes: str | None, sources: Mapping[str, str]) -> list[str]:
        """Put reason codes, joined by semicolons, into words: a phrase per code, sources by their titles."""
        details: dict[str, list[str]] = {}
        for code in (codes or "").split(";"):
            name, _, detail = code.strip().partition(":")
            if name:
                details.setdefault(name, []).append(sources.get(detail, detail) if name == "no_records" else detail)
        return [self._reason(name, given) for name, given in details.items()]

    def join(self, parts: list[str]) -> str:
        """Join phrases as the language does."""
        return self("list.separator").join(parts)

    def _reason(self, name: str, details: list[str]) -> str:
        if f"reason.{name}" not in self._texts:
            return ":".join(filter(None, [name, ", ".join(details)]))
        have, _, days = details[0].partition("/")
        if name in ("stale_since", "no_month_after"):
            details = [self.day(date.fromisoformat(day)) for day in details]
        return self(f"reason.{name}", detail=self("list.comma").join(details), have=have, days=days)

    @property
    def axis_formats(self) -> list[dict[str, Any]]:
        """Formats of a time axis: days where ticks lie closer than a month, else months."""
        return [
            {"dtickrange": [None, "M1"], "value": self("axis.day")},
            {"dtickrange": ["M1", "M12"], "value": self("axis.month")},
            {"dtickrange": ["M12", None], "value": self("axis.year")},
        ]

    def _month(self, day: date) -> str:
        return self(f"date.month_{day.month}")


@lru_cache(maxsize=20_000)
def _period(language: str, period_kind: str, start: date) -> str:
    words = Words(language)
    return words(
        f"date.{period_kind}",
        d=start.day,
        month=words(f"date.month_{start.month}"),
        m=start.month,
        y=start.year,
        q=(start.month + 2) // 3,
    )


@cache
def texts(language: str) -> dict[str, str]:
    """Read all texts of a language, keys of nested groups joined by dots."""
    nested = yaml.safe_load((TRANSLATIONS / f"{language}.yml").read_text(encoding="utf-8"))
    return dict(_flatten(nested, ""))


def _flatten(group: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in group.items():
        found += _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", str(value))]
    return found
