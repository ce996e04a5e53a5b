"""Drift of texts: columns whose texts are of another type than before, and categories that nobody knows."""

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pipelines.drift.evidence import LEAST_ROWS, Change, Delivery, Evidence, shape_of
from pipelines.warehouse import literal, quoted

_WORDS = ("y", "n", "yes", "no", "true", "false", "t", "f", "0", "1", "是", "否", "有", "无")
# Types, and the SQL condition that a text is of one.
_TYPES = {
    "a number": "try_cast({0} as double) is not null",
    "yes or no": f"lower({{0}}) in ({', '.join(map(literal, _WORDS))})",
}
_DECLARED = {"integer": "a number", "bigint": "a number", "double": "a number", "decimal": "a number"} | {
    "boolean": "yes or no"
}
# Numbers written otherwise, by their shapes, and the SQL that reads them.
_NUMBERS = {
    "thousands separators": (r"[+-]?0{1,3}(,000)+([.]0+)?", "replace({}, ',', '')"),
    "a decimal comma": (r"[+-]?0+,0+", "replace({}, ',', '.')"),
    "thousands points and a decimal comma": (
        r"[+-]?0{1,3}([.]000)+(,0+)?",
        "replace(replace({}, '.', ''), ',', '.')",
    ),
    "blanks between thousands": (r"[+-]?0{1,3}([  '’]000)+([.]0+)?", "regexp_replace({}, '[  ''’]', '', 'g')"),
    "a unit": (r"[^0.,+-]{0,4}[+-]?0+([.]0+)?[^0.,]{0,6}", r"regexp_extract({}, '[+-]?\d+(\.\d+)?')"),
}
# A column is of a type when hardly a text is not.
_OF_A_TYPE = 0.95
# So many texts of no type it had are a change of the column, not dirt in it.
_RETYPED = 0.2
# Numbers written otherwise show with fewer: only those above a thousand have a separator.
_WRITTEN_OTHERWISE = 0.01
_ALL_BUT_DIRT = 0.95
_SHAPED_TEXTS = 1_000
# A column is a category when it has few texts in enough rows; a new text is told when it is this large.
_MOST_CATEGORIES = 30
_CATEGORY_ROWS = 200
_LARGE_CATEGORY = 0.2
# So much is told of a shape.
_LONGEST_SHAPE = 40


@dataclass(frozen=True)
class _Types:
    """How many texts a column has in the sample of one delivery or several, and how many are of each type."""

    texts: int = 0
    of_type: tuple[int, ...] = (0,) * len(_TYPES)

    def __add__(self, other: "_Types") -> "_Types":
        counts = (one + two for one, two in zip(self.of_type, other.of_type, strict=True))
        return _Types(self.texts + other.texts, tuple(counts))

    def share(self, kind: str) -> float:
        """Return the share of the texts that are of a type."""
        return self.of_type[list(_TYPES).index(kind)] / max(self.texts, 1)


def changes(evidence: Evidence) -> list[Change]:
    """Find columns of another type than before, and texts that are in no value table or are new and frequent."""
    return [*_retyped(evidence), *_unknown(evidence), *_new_categories(evidence)]


def _columns(evidence: Evidence, fields: Iterable[str]) -> set[str]:
    return {column for field in fields for column in evidence.reads.get(field, ()) if column in evidence.sampled}


def _tables(evidence: Evidence) -> dict[str, str]:
    """Return the columns that value tables translate, by field."""
    return {
        field: evidence.raw_columns.get(mapping.column.lower(), mapping.column)
        for field, mapping in evidence.source.fields.items()
        if mapping.column is not None and mapping.values
    }


def _is_first(evidence: Evidence) -> bool:
    return all(not evidence.earlier(delivery) for delivery in evidence.new)


def _retyped(evidence: Evidence) -> Iterator[Change]:
    """Find columns whose texts are of none of the types that they were of, or that the pack takes them for."""
    declared = _declared(evidence)
    # What has nothing before it can only be held against what the pack says.
    told = set(declared) if _is_first(evidence) else set(evidence.sampled)
    dated = _columns(evidence, evidence.fields.times)
    columns = sorted(told.intersection(evidence.sampled) - dated - set(_tables(evidence).values()))
    counted = _typed(evidence, columns)
    for delivery in evidence.new:
        for column in columns:
            now = counted.get((delivery.batch_id, column), _Types())
            before = _Types()
            for each in evidence.earlier(delivery):
                before += counted.get((each.batch_id, column), _Types())
            if before.texts >= LEAST_ROWS:
                had = [kind for kind in _TYPES if before.share(kind) >= _OF_A_TYPE]
            else:
                had = [declared[column]] if column in declared else []
            kind = max(had, key=now.share, default=None)
            lost = 0.0 if kind is None else 1 - now.share(kind)
            if kind is None or lost < _WRITTEN_OTHERWISE or lost * now.texts < LEAST_ROWS:
                continue
            shapes = _shapes(evidence, [delivery], column, kind)
            written = _written(shapes, _shapes(evidence, evidence.earlier(delivery), column, kind), kind)
            if written is not None or lost >= _RETYPED:
                yield Change(
                    "retyped_column",
                    delivery,
                    column,
                    evidence.readers(column)[0],
                    f"not ({_TYPES[kind].format(quoted(column))})",
                    _retyping(evidence, column, kind, shapes, written),
                )


def _declared(evidence: Evidence) -> dict[str, str]:
    """Return the type of columns that the pack takes as they are, by what they are taken for."""
    found = {}
    for field, columns in evidence.reads.items():
        if evidence.expressions[field].strip().strip('"').lower() == "".join(columns).lower():
            kind = _DECLARED.get(evidence.fields.types.get(field, "").partition("(")[0])
            if kind is not None:
                found[columns[0]] = kind
    return found


def _typed(evidence: Evidence, columns: list[str]) -> dict[tuple[str, str], _Types]:
    """Count the sample's texts by batch, column and type."""
    if not columns:
        return {}
    counts = [
        expression
        for column in map(quoted, columns)
        for expression in (
            f"count({column})",
            *(f"count(*) filter (where {is_of.format(column)})" for is_of in _TYPES.values()),
        )
    ]
    found = {}
    for batch, *numbers in evidence.con.execute(
        f"select _batch_id, {', '.join(counts)} from looked_at group by all"
    ).fetchall():
        for at, column in enumerate(columns):
            texts, *of_type = numbers[at * (len(_TYPES) + 1) : (at + 1) * (len(_TYPES) + 1)]
            found[batch, column] = _Types(texts, tuple(of_type))
    return found


def _shapes(evidence: Evidence, deliveries: Iterable[Delivery], column: str, kind: str) -> Counter[str]:
    """Count the shapes of a column's texts that are not of a type."""
    listed = ", ".join(literal(delivery.batch_id) for delivery in deliveries)
    text, found = quoted(column), Counter[str]()
    for each, count in evidence.con.execute(
        f"select {text}, count(*) as n from looked_at where _batch_id in ({listed or 'null'}) "
        f"and not ({_TYPES[kind].format(text)}) group by all order by n desc, {text} limit {_SHAPED_TEXTS}"
    ).fetchall():
        found[shape_of(each)] += count
    return found


def _written(shapes: Mapping[str, int], before: Iterable[str], kind: str) -> str | None:
    """Tell how numbers are written now, if they are all written in one way that was not there before."""
    if kind != "a number":
        return None
    for name, (pattern, _) in _NUMBERS.items():
        fitting = sum(count for shape, count in shapes.items() if re.fullmatch(pattern, shape))
        was_there = any(re.fullmatch(pattern, shape) for shape in before)
        if fitting >= _ALL_BUT_DIRT * sum(shapes.values()) and not was_there:
            return name
    return None


def _retyping(evidence: Evidence, column: str, kind: str, shapes: Counter[str], written: str | None) -> str:
    fields = ", ".join(evidence.readers(column))
    [(shape, _)] = shapes.most_common(1)
    now = "is not" if evidence.is_personal(column) else f"looks like {shape[:_LONGEST_SHAPE]}"
    told = f"column {column} was {kind} and now {now}"
    if written is None:
        return f"{told}: ask the source, or map {fields} anew"
    return f"{told}, with {written}: write {_NUMBERS[written][1].format(quoted(column))} in {fields}"


def _unknown(evidence: Evidence) -> Iterator[Change]:
    """Find texts that a value table leaves out, in all rows of the deliveries."""
    for field, column in _tables(evidence).items():
        mapping = evidence.source.fields[field]
        if mapping.otherwise is not None or not mapping.values or column.lower() not in evidence.raw_columns:
            continue
        text = quoted(column)
        known = f"{text} in ({', '.join(map(literal, mapping.values))})"
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        # Counted as they stand before they are trimmed: categories are few.
        listed = ", ".join(literal(delivery.batch_id) for delivery in evidence.new)
        for batch, unknown, count in evidence.con.execute(
            f"with as_read as (select _batch_id, {text}, count(*) as _n from raw.{quoted(evidence.name)} "
            f"where _batch_id in ({listed}) and _malformed is null group by all), "
            f"trimmed as (select _batch_id, {evidence.text(column)} as {text}, _n from as_read) "
            f"select _batch_id, {text}, sum(_n)::bigint from trimmed where not {known} "
            f"group by all order by sum(_n) desc, {text}"
        ).fetchall():
            found[batch].append((unknown, count))
        for delivery in evidence.new:
            texts = found[delivery.batch_id]
            if texts:
                yield Change(
                    "unknown_category",
                    delivery,
                    column,
                    field,
                    f"not {known}",
                    _unknown_texts(evidence, field, column, texts),
                    rows=sum(count for _, count in texts),
                )


def _unknown_texts(evidence: Evidence, field: str, column: str, texts: list[tuple[str, int]]) -> str:
    """Tell of texts without quoting one: in a column of categories may stand anything, a name or a number."""
    told = f"the value table of {field} leaves out {_many(len(texts), 'text')} of column {column}"
    if evidence.is_personal(column):
        return f"{told}, which is personal: it is hashed before a table sees it"
    close = _alike(texts[0][0], evidence.source.fields[field].values or ())
    return f"{told}{close}: `wardlight validate` shows what they say; add them to its values, or give otherwise"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' if count > 1 else ''}"


def _alike(text: str, known: Iterable[str]) -> str:
    """Name the word of the value table that the most frequent text is like: that word is the pack's own."""
    folded = {each.lower(): each for each in known}
    close = difflib.get_close_matches(text.lower(), folded, 1)
    return f" (the most frequent is perhaps {folded[close[0]]!r}, written otherwise)" if close else ""


def _new_categories(evidence: Evidence) -> Iterator[Change]:
    """Find new texts of large share in columns of few texts that no value table translates; they are only told."""
    if _is_first(evidence):
        return
    fields, tables = evidence.fields, _tables(evidence)
    # Keys stand for persons, addresses and records: they are no categories, however few they are.
    words = {
        field
        for field in evidence.reads
        if field not in (fields.id_field, "area_id", "record_id", *tables)
        and not field.endswith("_key")
        and fields.types.get(field) == "varchar"
    }
    others = _columns(evidence, evidence.reads.keys() - words)
    for column in sorted(_columns(evidence, words) - others):
        if evidence.is_personal(column):
            continue
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for batch, text, count in evidence.con.execute(
            f"select _batch_id, {quoted(column)}, count(*) from looked_at where {quoted(column)} is not null "
            "group by all"
        ).fetchall():
            found[batch][text] = count
        for delivery in evidence.new:
            before = Counter[str]()
            for each in evidence.earlier(delivery):
                before.update(found.get(each.batch_id, {}))
            now = found.get(delivery.batch_id, Counter())
            if before.total() < _CATEGORY_ROWS or len(before) > _MOST_CATEGORIES or now.total() < LEAST_ROWS:
                continue
            large = [text for text, n in now.most_common() if text not in before and n >= _LARGE_CATEGORY * now.total()]
            if large:
                yield Change(
                    "unknown_category",
                    delivery,
                    column,
                    evidence.readers(column)[0],
                    f"{quoted(column)} in ({', '.join(map(literal, large))})",
                    f"column {column} has {_many(len(large), 'new and frequent text')}: see in the source whether they "
                    "mean something new",
                    only_told=True,
                )
