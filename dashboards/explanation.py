"""Where a figure comes from, put into words: the same account for the page and for a terminal.

Here: which facts are told, in which order and in which words. Not here: finding them (`explanation_data`), and laying
them out (`pages/explain`, `explain_command`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards.components.context import Context
from dashboards.components.revisions import reasons as revision_reasons
from dashboards.explanation_data import Explanation, SourceBehind
from dashboards.figure_names import period_code

OF_RESIDENTS = ("rate", "weighted_rate")
"""Kinds of figure that are held against residents."""
SPANS_TOLD = 3
"""Of a source with more uninterrupted spans only the latest are told."""


@dataclass(frozen=True)
class Fact:
    """A term and what is said of it; a code (a hash, a name of a column) is no sentence."""

    term: str
    text: str
    is_code: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its name in the account, headings with whether they are of numbers, and cells as texts."""

    name: str
    caption: str
    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Block:
    """Part of a section: maybe a title, facts, a table, and notes under them."""

    title: str | None = None
    facts: Sequence[Fact] = ()
    table: Table | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """One of the questions that the account answers."""

    name: str
    title: str
    blocks: Sequence[Block]


def account(context: Context, told: Explanation) -> list[Section]:
    """Give the account of a figure in the reader's language."""
    words = context.words
    blocks = {
        "figure": [_figure(context, told)],
        "definition": [_definition(context, told)],
        "counts": [_counts(context, told)],
        "missing": [_missing(context, told)],
        "sources": _sources(context, told),
        "checks": [_checks(context, told)],
        "release": [_release(context, told)],
    }
    return [Section(name, words(f"explain.section.{name}"), found) for name, found in blocks.items()]


def title_of(context: Context, told: Explanation) -> str:
    """Name the figure: indicator, area and period."""
    words, figure = context.words, told.figure
    return words(
        "explain.what",
        indicator=words.of(told.indicator, "title"),
        area=words.of(told.area, "title"),
        period=words.period(figure["period_kind"], figure["period_start"]),
    )


def _figure(context: Context, told: Explanation) -> Block:
    words, row, indicator = context.words, told.figure, told.indicator
    decimals, level = indicator["decimals"], words.known("level", told.area["area_level"])
    code = period_code(row["period_kind"], row["period_start"])
    status = words.join([words.known("status", row["status"]), *context.reasons(row["reason"])])
    value = words.measure(row["value"], indicator["unit"], decimals)
    facts = [
        Fact(words("explain.value"), words("explain.no_value") if row["value"] is None else value),
        Fact(words("explain.status"), status),
        *_interval(context, told),
        Fact(words("control.indicator"), _with_code(words.of(indicator, "title"), row["indicator_id"])),
        Fact(words("control.area"), words("explain.area", area=words.of(told.area, "title"), level=level)),
        Fact(
            words("control.period"),
            words("explain.period", first=words.day(row["period_start"]), last=words.day(told.last_day), code=code),
        ),
    ]
    if row["signal"] not in (None, "none"):
        facts.insert(3, Fact(words("column.signal"), words.known("signal", row["signal"])))
    facts += [
        Fact(
            words("explain.earlier", day=words.day(each["as_of_before"])),
            words(
                "explain.was",
                value=words.measure(each["value_before"], indicator["unit"], decimals),
                day=words.day(each["as_of"]),
                reason=revision_reasons(context, each["reason"]),
            ),
        )
        for each in told.earlier
    ]
    return Block(facts=facts, notes=[words("explain.carried")] if row["status"] == "stale" else [])


def _interval(context: Context, told: Explanation) -> list[Fact]:
    words, row, indicator = context.words, told.figure, told.indicator
    if row["lower"] is None or row["upper"] is None:
        return []
    low, high = (words.number(row[name], indicator["decimals"]) for name in ("lower", "upper"))
    method = words.known("interval_method", indicator["interval_method"])
    return [Fact(words("explain.interval"), words("explain.interval_by", low=low, high=high, method=method))]


def _definition(context: Context, told: Explanation) -> Block:
    words, indicator = context.words, told.indicator
    least = indicator["min_denominator"]
    facts = [
        Fact(words("explain.about"), words.of(indicator, "about")),
        Fact(words("definition.formula"), words.of(indicator, "formula"), is_code=True),
        Fact(words("definition.needs"), words("list.comma").join(indicator["needs"]), is_code=True),
        Fact(words("definition.min_denominator"), words.number(least) if least else ""),
        Fact(words("definition.caveats"), words.of(indicator, "caveats")),
        Fact(words("definition.reference"), indicator["reference"] or ""),
        Fact(words("explain.definition_hash"), indicator["definition_hash"] or "", is_code=True),
        Fact(words("explain.settings_hash"), indicator["settings_hash"] or "", is_code=True),
    ]
    return Block(facts=[fact for fact in facts if fact.text], notes=[words("explain.hashes")])


def _counts(context: Context, told: Explanation) -> Block:
    """What is divided by what, both as numbers and as what is counted."""
    words, row, definition = context.words, told.figure, told.definition
    kind = definition.get("kind")
    parts = (
        ("numerator", words.known("explain_numerator", kind), _counted(context, definition)),
        ("denominator", words.known("explain_denominator", kind), _base(context, definition)),
    )
    facts = []
    for name, meaning, counted in parts:
        number = row[name]
        text = words("explain.no_value") if number is None else _plain(context, number)
        facts.append(Fact(words(f"column.{name}"), words("explain.count", number=text, what=meaning)))
        if counted:
            facts.append(Fact(words(f"explain.{name}_of"), counted, is_code=True))
    notes = []
    if told.arithmetic is not None:
        decimals = told.indicator["decimals"]
        numbers = {name: _plain(context, number) for name, number in told.arithmetic.items()}
        facts.append(
            Fact(
                words("explain.arithmetic"),
                words(
                    "explain.quotient" if told.arithmetic["per"] == 1 else "explain.quotient_per",
                    **numbers,
                    value=words.number(row["value"], decimals),
                ),
            )
        )
    elif row["value"] is not None:
        notes.append(
            words("explain.no_quotient", method=words.known("interval_method", told.indicator["interval_method"]))
        )
    profile = context.release.info.disclosure
    rule = words("explain.count", number=profile, what=words(f"disclosure.{profile}"))
    facts.append(Fact(words("explain.disclosure"), rule))
    return Block(facts=facts, notes=notes)


def _counted(context: Context, definition: Mapping[str, Any]) -> str:
    """Name the column that is counted and the rows that are, as the entry does."""
    selection, stock = definition.get("numerator"), definition.get("stock")
    if stock:
        return f"fct_profile.{stock['numerator']}"
    if selection:
        column = f"{definition['measure']}.{selection['column']}"
        return _selection(context, column, definition.get("scale"), selection["where"])
    if definition.get("measure"):
        return _selection(context, definition["measure"], None, definition.get("where") or [])
    asked = definition.get("survey") or {}
    return str(asked.get("question") or asked.get("foundation") or "")


def _base(context: Context, definition: Mapping[str, Any]) -> str:
    selection, base, stock = (definition.get(name) for name in ("denominator", "base", "stock"))
    if stock:
        return f"fct_profile.{stock['denominator']}"
    if base:
        return _selection(context, f"{base['measure']}.{base['column']}", base["scale"], base["where"])
    if selection:
        column = f"{definition['measure']}.{selection['column']}"
        return _selection(context, column, definition.get("scale"), selection["where"])
    return ""


def _selection(
    context: Context, counted: str, scale: float | None, where: Sequence[Mapping[str, Mapping[str, Any]]]
) -> str:
    """Say what is added up, in which unit (so many of the column's are one), over which rows."""
    words = context.words
    name = counted if scale in (None, 1) else f"{counted} ÷ {words.number(scale)}"
    alternatives = [
        words("explain.and").join(
            words(f"explain.where.{how}", field=field, values=words("list.comma").join(values))
            for field, condition in alternative.items()
            for how, values in condition.items()
            if values
        )
        for alternative in where
    ]
    return words("explain.selected", name=name, where=words("explain.or").join(alternatives)) if where else name


def _missing(context: Context, told: Explanation) -> Block:
    words, row, decimals = context.words, told.figure, told.indicator["decimals"]
    facts = [Fact(words("column.unusable"), words.number(row["unusable"]))]
    if row["bound_low"] is not None or row["bound_high"] is not None:
        low, high = (words.end(row[name], decimals) for name in ("bound_low", "bound_high"))
        facts.append(Fact(words("column.bounds"), words("overview.range", low=low, high=high)))
    if row["quality_grade"]:
        why = context.grade_reasons(row)
        graded = words("explain.graded", grade=row["quality_grade"], reasons=why) if why else row["quality_grade"]
        facts.append(Fact(words("column.grade"), graded))
    return Block(facts=facts, notes=[words("explain.bounds_note")])


def _sources(context: Context, told: Explanation) -> list[Block]:
    words = context.words
    if not told.sources:
        return [Block(notes=[words("explain.no_sources")])]
    blocks = [_source(context, each) for each in told.sources if each.part != "possible"]
    notes = [words("explain.whole_city")]
    if told.definition.get("kind") in OF_RESIDENTS and not any(each.part == "residents" for each in told.sources):
        notes.append(words("explain.own_residents"))
    others = [
        _with_code(words.of(vars(each), "title"), each.source) for each in told.sources if each.part == "possible"
    ]
    if others:
        notes.append(words("explain.possible", sources=words.join(others)))
    return [*blocks, Block(notes=notes)]


def _source(context: Context, source: SourceBehind) -> Block:
    words = context.words
    last = words.period("month", source.last_month)
    if source.first_month is None:
        months = words("explain.until", last=last)
    elif source.first_month == source.last_month:
        months = last
    else:
        months = words("trend.span", first=words.period("month", source.first_month), last=last)
    spans = [
        words("trend.span", first=words.day(each["first_day"]), last=words.day(each["last_day"]))
        for each in source.spans[-SPANS_TOLD:]
    ]
    troubles = [
        f"{words.period('month', each['month'])} ({words.known('month_status', each['status'])})"
        for each in source.troubled_months
    ]
    facts = [
        Fact(words("explain.part"), words.known("explain_part", source.part)),
        Fact(words("explain.counted_by"), words.known("explain_counted_by", source.counted_by)),
        Fact(words("explain.months"), months),
        Fact(words("explain.spans"), words.join(spans) or words("explain.no_span")),
        Fact(words("explain.troubles"), words.join(troubles)),
    ]
    return Block(
        title=_with_code(words.of(vars(source), "title"), source.source),
        facts=[fact for fact in facts if fact.text],
        table=_batches(context, source) if source.batches else None,
        notes=[] if source.batches else [words("explain.no_batch")],
    )


def _batches(context: Context, source: SourceBehind) -> Table:
    words = context.words
    counts = ("records", "refused", "read", "accepted", "quarantined")
    shown = [name for name in counts if any(each[name] is not None for each in source.batches)]
    rows = [
        [
            words(
                "explain.batch", file=each["file"], batch=each["batch_id"], moment=f"{each['loaded_at']:%Y-%m-%d %H:%M}"
            )
            if each["file"] and each["loaded_at"]
            else each["batch_id"],
            _months(context, each["first_month"], each["last_month"]),
            *(words.number(each[name]) for name in shown),
        ]
        for each in source.batches
    ]
    if len(rows) > 1 and shown:
        sums = [words.number(sum(each[name] or 0 for each in source.batches)) for name in shown]
        rows.append([words("explain.together"), "", *sums])
    columns = [(words(f"explain.column.{name}"), False) for name in ("batch", "months")]
    columns += [(words(f"explain.column.{name}"), True) for name in shown]
    caption = words("explain.batches", source=words.of(vars(source), "title") or source.source)
    return Table(f"batches_{source.source}", caption, columns, rows)


def _months(context: Context, first: date, last: date) -> str:
    codes = [f"{month:%Y-%m}" for month in (first, last)]
    return codes[0] if first == last else context.words("explain.two_months", first=codes[0], last=codes[1])


def _checks(context: Context, told: Explanation) -> Block:
    words = context.words
    failed = [each for each in told.checks if not each["success"]]
    facts = [
        Fact(
            words("explain.judged"),
            words(
                "explain.verdicts",
                all=words.number(len(told.checks)),
                passed=words.number(len(told.checks) - len(failed)),
                failed=words.number(len(failed)),
            ),
        ),
        Fact(words("explain.gates"), words.join([context.joined_reasons(each["reason"]) for each in told.gates])),
    ]
    columns = [(words(f"column.{name}"), False) for name in ("table", "check", "severity", "observed")]
    columns.append((words("column.failed_count"), True))
    rows = [
        [
            f"{each['layer']}.{each['table_name']}",
            each["expectation"],
            words.known("severity", each["severity"]),
            each["exception"] or each["observed"] or "",
            words.number(each["failed_count"]),
        ]
        for each in failed
    ]
    return Block(
        facts=[fact for fact in facts if fact.text],
        table=Table("failed", words("explain.failed"), columns, rows) if rows else None,
        notes=[words("explain.checks_note")],
    )


def _release(context: Context, told: Explanation) -> Block:
    words, release = context.words, told.release
    window = release["data_window"] or {}
    days = [words.day(date.fromisoformat(window[name])) for name in ("first_day", "last_day") if window.get(name)]
    said = {
        "release_id": release["release_id"],
        "as_of": words.day(context.release.info.as_of),
        "data_window": words("trend.span", first=days[0], last=days[1]) if len(days) > 1 else None,
        "previous": release["previous"],
    }
    codes = ("trigger", "run_id", "code_version", "code_hash", "pack_hash", "catalogue_hash", "content_hash")
    facts = [Fact(words(f"explain.release.{name}"), str(text)) for name, text in said.items() if text]
    facts += [
        Fact(words(f"explain.release.{name}"), str(release[name]), is_code=True) for name in codes if release[name]
    ]
    return Block(facts=facts)


def _with_code(title: str, code: str) -> str:
    return f"{title} ({code})" if title and title != code else code


def _plain(context: Context, number: float) -> str:
    """Write a count as such, and what is none with as many digits as tell."""
    whole = float(number).is_integer()
    return context.words.number(number, 0 if whole else 3 if abs(number) < 100 else 1)
