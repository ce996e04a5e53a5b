"""Drift of date formats: times that the mapping can no longer read, and the format that reads them."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from pipelines.drift.evidence import LEAST_ROWS, Change, Delivery, Evidence
from pipelines.warehouse import literal, one_row, quoted

# More texts than before that cannot be read, as a share of all: fewer are dirt.
_UNREADABLE = 0.05
# Without a format that reads them, only so many say that the column is of another type now.
_RETYPED = 0.2
# The format must read all but dirt.
_FITS = 0.95
_TRIED_TEXTS = 500
# Formats that read the texts equally well, such as day and month the other way round, up to here.
_NAMED = 2

_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y年%m月%d日", "%d-%b-%Y", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%Y%m%d"),
)
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", " %H%M", " %I:%M %p"),
    *(" %I:%M:%S %p", " %H时%M分", " %H时%M分%S秒", "%H%M", "%H%M%S"),
)
# With an offset or in UTC: to be brought to the city's wall clock.
_WITH_OFFSET = ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S%z")
_YEARS = (1950, 2100)
_IN_UTC = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class _Format:
    """A way of writing times: what it is called, and the SQL that reads it, `{}` being the text."""

    name: str
    expression: str
    tried: str

    def read(self, text: str) -> str:
        """Compose the SQL that reads a text, and fails where it cannot."""
        return self.expression.replace("{}", text)

    def tried_on(self, text: str) -> str:
        """Compose the SQL that reads a text, null where it cannot."""
        return self.tried.replace("{}", text)


def changes(evidence: Evidence) -> list[Change]:
    """Find time fields whose texts are written otherwise than the mapping reads them."""
    return [
        change for field in evidence.fields.times if evidence.reads.get(field) for change in _of_field(evidence, field)
    ]


def _of_field(evidence: Evidence, field: str) -> Iterator[Change]:
    columns = evidence.reads[field]
    if not set(columns) <= set(evidence.sampled):
        return
    has_text = f"coalesce({', '.join(map(quoted, columns))}) is not null"
    unread = f"{has_text} and {_mapped(evidence, field)} is null"
    try:
        counted = evidence.con.execute(
            f"select _batch_id, count(*) filter (where {has_text}), count(*) filter (where {unread}) from looked_at "
            "group by all"
        ).fetchall()
    except duckdb.BinderException:
        return  # The mapping itself is wrong, and will say so.
    counts = {batch: (texts, failing) for batch, texts, failing in counted}
    for delivery in evidence.new:
        texts, failing = counts.get(delivery.batch_id, (0, 0))
        before = [counts.get(each.batch_id, (0, 0)) for each in evidence.earlier(delivery)]
        usual = sum(each[1] for each in before) / max(sum(each[0] for each in before), 1)
        share = failing / max(texts, 1)
        if failing < LEAST_ROWS or share - usual < _UNREADABLE:
            continue
        change = _reformatted(evidence, delivery, field, unread)
        if change is not None:
            yield change
        elif share >= _RETYPED and sum(each[0] for each in before) >= LEAST_ROWS:
            yield Change(
                "retyped_column",
                delivery,
                columns[0],
                field,
                unread,
                f"{field} cannot be read in {share:.0%} of the rows, and no usual way of writing times reads it: look "
                f"at column {' and '.join(columns)}",
            )


def _mapped(evidence: Evidence, field: str) -> str:
    return f"try(cast(({evidence.expressions[field]}\n) as timestamp))"


def _reformatted(evidence: Evidence, delivery: Delivery, field: str, unread: str) -> Change | None:
    """Look for the column and the format that reads what the mapping does not."""
    of_delivery = f"_batch_id = {literal(delivery.batch_id)}"
    for column in evidence.reads[field]:
        texts = (
            f"(select text from (select distinct {quoted(column)} as text from looked_at where {of_delivery} "
            f"and {unread} and {quoted(column)} is not null) order by hash(text) limit {_TRIED_TEXTS})"
        )
        formats = _formats(evidence.pack.time_zone)
        tried = ", ".join(f"count({each.tried_on('text')})" for each in formats)
        total, *fits = one_row(evidence.con, f"select count(*), {tried} from {texts}")
        best = max(fits)
        if total and best >= _FITS * total:
            equal = [each for each, fit in zip(formats, fits, strict=True) if fit == best]
            return _change(evidence, delivery, field, column, unread, equal)
    return None


def _change(
    evidence: Evidence, delivery: Delivery, field: str, column: str, unread: str, equal: list[_Format]
) -> Change:
    """Say which rows the new format concerns: those that are not read, or all where it reads all, and otherwise."""
    chosen, text = equal[0], quoted(column)
    new = chosen.tried_on(text)
    mapped = _mapped(evidence, field)
    texts, fitting, otherwise = one_row(
        evidence.con,
        f"select count({text}), count({new}), count(*) filter (where {mapped} <> {new}) from looked_at "
        f"where _batch_id = {literal(delivery.batch_id)}",
    )
    alone = len(evidence.reads[field]) == 1
    is_whole = alone and otherwise > 0 and fitting >= _FITS * texts
    names = " or ".join(each.name for each in equal[:_NAMED])
    told = f"column {column} is written as {names} now, which the mapping of {field} does not read"
    if not alone:
        remedy = f"read it so in {field}"
    elif is_whole:
        remedy = f"write {chosen.read(text)}; files written as before are a source of their own"
    else:
        remedy = f"write coalesce(try({evidence.expressions[field].strip()}), {chosen.read(text)})"
    return Change(
        "date_format",
        delivery,
        column,
        field,
        f"{text} is not null" if is_whole else unread,
        f"{told}: {remedy}",
    )


def _formats(zone: str) -> list[_Format]:
    """List the usual ways of writing times."""
    city = literal(zone)
    found = [_strptime(form, "{}") for form in (day + clock for clock in _CLOCKS for day in _DAYS)]
    found += [_strptime(form, f"timezone({city}, {{}})") for form in _WITH_OFFSET]
    found += [_strptime(form, f"timezone({city}, timezone('UTC', {{}}))") for form in _IN_UTC]
    number = "cast({} as double)"
    for name, pattern, read in (
        ("Unix seconds", r"\d{9,10}([.]\d+)?", f"timezone({city}, to_timestamp({number}))"),
        ("Unix milliseconds", r"\d{12,13}", f"timezone({city}, to_timestamp({number} / 1000))"),
        (
            "serial days of a spreadsheet",
            r"[2-6]\d{4}([.]\d+)?",
            f"timestamp '1899-12-30' + to_seconds(cast(round({number} * 86400) as bigint))",
        ),
    ):
        found.append(_Format(name, read, f"case when regexp_full_match({{}}, {literal(pattern)}) then try({read}) end"))
    return found


def _strptime(form: str, around: str) -> _Format:
    """Make the format of a pattern; a year of two digits is not read as one of the first century."""
    read = f"try_strptime({{}}, {literal(form)})"
    tried = around.replace("{}", f"case when year({read}) between {_YEARS[0]} and {_YEARS[1]} then {read} end")
    return _Format(f"'{form}'", around.replace("{}", f"strptime({{}}, {literal(form)})"), tried)
