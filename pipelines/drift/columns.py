"""Drift of columns: new, missing and renamed ones, by the headers of the deliveries."""

import difflib
from collections.abc import Iterator

from pipelines.drift.evidence import ALL, LEAST_ROWS, Change, Delivery, Evidence, shape_of
from pipelines.warehouse import quoted

# Names this alike are one name written otherwise: case_number and CaseNo are, latitude and longitude are not.
_ALIKE_NAMES = 0.78
# A name that continues another one, such as start_time after start; shorter stems stand in too many words.
_SHORTEST_STEM = 4
# Two columns whose texts are this much the same hold the same thing.
_ALIKE_TEXTS = 0.8
_FEWEST_TEXTS = 3
# Ids and times hardly come twice: then shapes are compared, such as 0000-00-00, but nothing as short as a number.
_SHORTEST_SHAPE = 8
_COMPARED_ROWS = 5_000


def changes(evidence: Evidence) -> list[Change]:
    """Find the columns that have come, gone, or changed their name."""
    return [change for delivery in evidence.new for change in _of_delivery(evidence, delivery)]


def _of_delivery(evidence: Evidence, delivery: Delivery) -> Iterator[Change]:
    if not delivery.columns:
        return  # A JSON array without records has none to tell.
    earlier = [each for each in evidence.earlier(delivery) if each.columns]
    read = {column.lower() for columns in evidence.reads.values() for column in columns}
    before = next((each for each in earlier if each.file == delivery.file), earlier[0] if earlier else None)
    had = before.columns if before is not None else {}
    ever = {column for each in earlier for column in each.columns}
    come = {column: name for column, name in delivery.columns.items() if column not in ever}
    gone = {column: name for column, name in had.items() if column not in delivery.columns}
    gone |= _unread(evidence, delivery)
    # A mapping that reads the new column, too, knows of the change.
    gone = {column: name for column, name in gone.items() if not _is_known(evidence, column, come, had)}
    candidates = come if before is not None else {c: n for c, n in come.items() if c not in read}
    for old, new in _pairs(evidence, delivery, before, gone, candidates):
        del gone[old.lower()], come[new.lower()]
        if new.lower() not in read:
            field = next(iter(evidence.readers(old)), None)
            yield Change("renamed_column", delivery, old, field, ALL, _renaming(evidence, old, new))
    for column in gone.values():
        readers = evidence.readers(column)
        remedy = "nothing reads it; ask why it went"
        if readers:
            remedy = f"ask the source for it, or map {', '.join(readers)} without it"
        field = readers[0] if readers else None
        yield Change("missing_column", delivery, column, field, ALL, f"column {column} is gone: {remedy}")
    if before is not None:
        for column, name in come.items():
            if column not in read:
                yield Change(
                    "new_column",
                    delivery,
                    name,
                    None,
                    f"{quoted(name)} is not null",
                    f"column {name} has come: map it to a field if it says something that the indicators need",
                )


def _unread(evidence: Evidence, delivery: Delivery) -> dict[str, str]:
    """Return the columns of expressions of which the delivery has none: every row would be null."""
    return {
        column.lower(): column
        for columns in evidence.reads.values()
        if columns and not any(column.lower() in delivery.columns for column in columns)
        for column in columns
    }


def _is_known(evidence: Evidence, gone: str, come: dict[str, str], had: dict[str, str]) -> bool:
    """Tell whether every expression that reads a column that has gone reads one that has come, as well."""
    new = come.keys() - had.keys()
    readers = [{column.lower() for column in evidence.reads[field]} for field in evidence.readers(gone)]
    return bool(readers) and all(reader & new for reader in readers)


def _renaming(evidence: Evidence, old: str, new: str) -> str:
    fields = ", ".join(evidence.readers(old))
    told = f"column {old} seems to be called {new} now"
    if not fields:
        return f"{told}: nothing reads it"
    still = any(each.is_current and old.lower() in each.columns for each in evidence.deliveries)
    instead = f"coalesce({quoted(old)}, {quoted(new)})" if still else quoted(new)
    return f"{told}: write {instead} in place of {quoted(old)} in {fields}"


def _pairs(
    evidence: Evidence,
    delivery: Delivery,
    before: Delivery | None,
    gone: dict[str, str],
    come: dict[str, str],
) -> Iterator[tuple[str, str]]:
    """Pair columns that have gone with those that have come, the most alike first, each at most once."""
    if not gone or not come:
        return
    old_texts = {name: _texts(evidence, before, name) if before is not None else {} for name in gone.values()}
    new_texts = {name: _texts(evidence, delivery, name) for name in come.values()}
    scored = sorted(
        (
            (score, old, new)
            for old in gone.values()
            for new in come.values()
            if (score := _likeness(old, new, old_texts[old], new_texts[new]))
        ),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    paired: set[str] = set()
    for _, old, new in scored:
        if not paired & {f"-{old}", f"+{new}"}:
            paired |= {f"-{old}", f"+{new}"}
            yield old, new


def _likeness(old: str, new: str, old_texts: dict[str, float], new_texts: dict[str, float]) -> float:
    """Score how alike two columns are, by their names and by their texts; 0 where they are not."""
    one, other = ("".join(filter(str.isalnum, name.lower())) for name in (old, new))
    name = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    short, long = sorted((one, other), key=len)
    if long.startswith(short) and len(short) >= _SHORTEST_STEM:
        name = max(name, _ALIKE_NAMES)
    common = sum(min(share, new_texts.get(text, 0.0)) for text, share in old_texts.items())
    telling = min(len(old_texts), len(new_texts)) >= _FEWEST_TEXTS or any(len(t) >= _SHORTEST_SHAPE for t in old_texts)
    same = common if telling else 0.0
    return name + same if name >= _ALIKE_NAMES or same >= _ALIKE_TEXTS else 0.0


def _texts(evidence: Evidence, delivery: Delivery, column: str) -> dict[str, float]:
    """Return the shares of a column's texts in a delivery, or of their shapes where hardly any text comes twice.

    Nothing where there are too few rows to tell, or where the shapes are too short to be telling.
    """
    if column.lower() not in delivery.columns or column.lower() not in evidence.raw_columns:
        return {}
    rows = evidence.con.execute(
        f"select text, count(*) from (select {quoted(column)} as text from {evidence.rows([delivery])} "
        f"where {quoted(column)} is not null limit {_COMPARED_ROWS}) group by text"
    ).fetchall()
    total = sum(count for _, count in rows)
    if total < LEAST_ROWS:
        return {}
    shares: dict[str, float] = {}
    for text, count in rows:
        told = shape_of(text) if len(rows) > total / 2 else text
        shares[told] = shares.get(told, 0.0) + count / total
    are_shapes = len(rows) > total / 2
    return {} if are_shapes and min(map(len, shares)) < _SHORTEST_SHAPE else shares
