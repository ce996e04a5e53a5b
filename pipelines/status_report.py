"""The status of a release on a terminal: the ledger, quarantine and drift as narrow tables. Words only, no queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import rich.padding
import rich.table
import rich.text

from pipelines.status import COUNTED, OUTCOMES, Status
from pipelines.terminal import console, many, table_of

_DONE = {"stop": "refused", "quarantine": "set aside", "adapt": "went on"}
# Their field is the id, the first time or the area of the source's kind.
_OF_ONE_FIELD = ("missing_id", "missing_time", "unparseable_time", "before_first_month", "unknown_area")
_TITLES = {"quarantined": "quaran-\ntined", "superseded": "super-\nseded", "in_figures": "in the\nfigures"}


def print_status(status: Status) -> None:
    """Print a status, at most 100 columns wide."""
    out = console()
    out.print(f"[bold]Release {status.release_id}[/bold] · as of {status.as_of} · content {status.content_hash[:12]}")

    out.print()
    out.print(_ledger(status))
    out.print(_verdict(status))

    out.print()
    out.rule(f"[bold]Quarantine[/bold] · {many(status.records['quarantined'], 'row')}", align="left", style="dim")
    if status.quarantine:
        out.print(_quarantine(status.quarantine))
    else:
        out.print("No row was quarantined.")

    out.print()
    changes = _merged(status.drift)
    out.rule(f"[bold]Changes in deliveries[/bold] · {many(len(changes), 'change')}", align="left", style="dim")
    for change in changes:
        out.print(*_change(change), sep="\n")
    if not changes:
        out.print("Every delivery is what its source delivered before.")

    out.print()
    out.rule("[bold]Checks and figures[/bold]", align="left", style="dim")
    summary = rich.table.Table.grid("", "", padding=(0, 2, 0, 0))
    for name, told in _summary(status):
        summary.add_row(rich.text.Text(name, style="dim"), rich.text.Text(told))
    out.print(summary)


def _ledger(status: Status) -> rich.table.Table:
    """Make the ledger's table, one line a source; outcomes that no source has are left out."""
    always = ("read", "accepted", "quarantined", "in_figures")
    total = {column: sum(line[column] for line in status.ledger.values()) for column in COUNTED}
    shown = [column for column in COUNTED if column in always or total[column]]
    table = table_of(("source", *(_TITLES.get(column, column) for column in shown)), range(1, len(shown) + 1))
    for source, counts in status.ledger.items():
        table.add_row(rich.text.Text(source), *(_count(counts[column]) for column in shown))
    if len(status.ledger) > 1:
        table.add_row("all", *(_count(total[column]) for column in shown), style="bold")
    return table


def _verdict(status: Status) -> str:
    """Say whether the ledger balances, and what is left of the accepted rows."""
    identity = f"read = {' + '.join(OUTCOMES)}"
    told = (
        f"[green]The ledger balances[/green]: {identity}, in every source"
        if status.balances
        else "[red]The ledger does not balance[/red]: "
        + ", ".join(
            f"{source} read {line['read']:,}, {_outcomes(line):,} accounted for"
            for source, line in status.ledger.items()
            if line["read"] != _outcomes(line)
        )
    )
    replaced, deleted = (sum(line[column] for line in status.ledger.values()) for column in ("replaced", "deleted"))
    if replaced or deleted:
        told += (
            f".\nOf the records accepted in all deliveries so far, {replaced:,} were replaced by a later delivery, and "
            f"{deleted:,} withdrawn or delivered no longer"
        )
    return f"{told}."


def _outcomes(line: dict[str, int]) -> int:
    return sum(line[outcome] for outcome in OUTCOMES)


def _quarantine(rows: Iterable[dict[str, Any]]) -> rich.table.Table:
    """Make the table of reasons, the most frequent first, with the sources in which they are."""
    places: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        of_field = "" if row["field"] is None or row["reason"] in _OF_ONE_FIELD else f".{row['field']}"
        places[row["reason"]][row["source"] + of_field] += row["row_count"]
    table = table_of(("reason", "rows", "where"), [1])
    for reason in sorted(places, key=lambda each: (-places[each].total(), each)):
        told = ", ".join(f"{source} {count:,}" for source, count in places[reason].most_common())
        table.add_row(reason, _count(places[reason].total()), rich.text.Text(told))
    return table


def _merged(drift: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put together the same change in several deliveries of a source: `rows` in all, `files`, one suggestion."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for each in drift:
        found[tuple(str(each[key]) for key in ("source", "what", "column_name", "policy"))].append(each)
    return [
        {**max(alike, key=lambda each: each["rows"]), "rows": sum(each["rows"] for each in alike), "files": len(alike)}
        for alike in found.values()
    ]


def _change(change: dict[str, Any]) -> Sequence[rich.padding.Padding | rich.text.Text]:
    """Tell of a change in two paragraphs: what it is, and what to do about it."""
    where = f" {change['column_name']}" if change["column_name"] else ""
    files = change["file"] if change["files"] == 1 else f"{many(change['files'], 'file')}, such as {change['file']}"
    what = rich.text.Text()
    what.append(f"{change['source']}: {change['what'].replace('_', ' ')}{where}", style="bold")
    what.append(f" · {many(change['rows'], 'row')} · {files} · ")
    what.append(_DONE[change["policy"]], style="" if change["policy"] == "adapt" else "yellow")
    return what, rich.padding.Padding(rich.text.Text(change["suggestion"]), (0, 0, 0, 2))


def _summary(status: Status) -> Iterable[tuple[str, str]]:
    sources = ", ".join(f"{source} {state}" for source, state in status.sources.items())
    yield "Sources", sources
    yield (
        "Expectations",
        f"{status.expectations_passed:,} passed, {status.expectations_failed:,} failed, "
        f"{status.expectations_broken:,} could not be judged",
    )
    yield (
        "Indicators",
        f"{status.indicators_published} published, {status.indicators_not_available} not available here",
    )
    yield "Figures", ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in status.figures.items())
    for reason in status.gates_closed:
        yield "Gate closed", f"{reason}: the figures that rest on it are carried forward as stale"


def _count(count: int) -> rich.text.Text:
    return rich.text.Text(f"{count:,}", style="" if count else "dim")
