"""A trial of a pack on a terminal: a paragraph and a few narrow tables for each source. Words only, no findings."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import rich.box
import rich.console
import rich.table
import rich.text

from pipelines.errors import PackError, SourceError
from pipelines.pack.city import load_city_pack
from pipelines.pack.mistakes import listed
from pipelines.terminal import console, many, plain
from pipelines.validating.preflight import Fit, check_pack
from pipelines.validating.trial import WITHHELD, Filled, Listing, SourceTrial, Trial, try_pack

_MOST_SHOWN = 8
_STATUS = {
    "accepted": "accepted",
    "quarantined": "in quarantine",
    "duplicate": "repeated",
    "superseded": "superseded",
    "merged": "further rows of a record",
    "deferred": "deferred (after as_of)",
}
_MEANING = {
    "area_missing": "no area, and no point in one",
    "clock_change": "a local time that comes twice or never",
    "conflicting_id": "ids whose rows differ, by column below",
    "future_time": "it happened after it was recorded",
    "implausible_duration": "longer than 12 hours",
    "not_allowed": "none of the field's words: it became null",
    "out_of_range": "not possible for the field: it became null",
    "outside_area": "the point lies outside the area",
    "repeated_id": "further rows of an id that was there",
    "times_out_of_order": "a later time before an earlier one",
}


def validate(city: Path, as_of: date | None, *, quick: bool, as_json: bool) -> int:
    """Try a pack on its files and print what came of it; return the number of errors.

    Parameters
    ----------
    quick
        Try headers, mappings and areas alone.
    """
    out = console()
    trial = Trial(as_of)
    fit: Fit | None = None
    try:
        pack = load_city_pack(city)
        fit = check_pack(pack)
        if not quick:
            with rich.console.Console(stderr=True).status("Trying the pack on its files …") as status:
                trial = try_pack(pack, as_of, lambda name: status.update(f"Trying {name} …"))
    except (PackError, SourceError) as error:
        trial.errors.extend(listed(error))
    if as_json:
        print(json.dumps(_for_machines(trial), indent=2, ensure_ascii=False))
        return len(trial.errors)
    for source in trial.sources:
        _print_source(source, out)
    for mistake in trial.errors:
        print(f"wardlight: {mistake}", file=sys.stderr)
    if fit is not None and not trial.errors:
        _print_verdict(city, fit, trial, out, quick=quick)
    return len(trial.errors)


def _print_verdict(city: Path, fit: Fit, trial: Trial, out: rich.console.Console, *, quick: bool) -> None:
    ruled_by = "" if quick else f", {f'as of {trial.as_of}' if trial.as_of else 'no as_of: everything counts'}"
    out.print(
        f"[green]{plain(str(city / 'city.yml'))} fits its files[/green]: {many(fit.sources, 'source')} in "
        f"{many(fit.files, 'file')}, {many(fit.mapped_fields, 'field')} mapped, {many(fit.areas, 'area')}{ruled_by}",
        soft_wrap=True,
    )


def _for_machines(trial: Trial) -> Mapping[str, object]:
    return {
        "fits": not trial.errors,
        "as_of": None if trial.as_of is None else trial.as_of.isoformat(),
        "errors": [
            {"problem": e.problem, "file": e.file, "line": e.line, "field": e.field, "remedy": e.remedy}
            for e in trial.errors
        ],
        "sources": [
            {
                **asdict(source),
                "first_day": None if source.first_day is None else source.first_day.isoformat(),
                "last_day": None if source.last_day is None else source.last_day.isoformat(),
                "empty_fields": source.empty_fields,
            }
            for source in trial.sources
        ],
    }


def _print_source(source: SourceTrial, out: rich.console.Console) -> None:
    days = f"{source.first_day} to {source.last_day}" if source.first_day else "no accepted record"
    out.rule(f"[bold]{source.source}[/bold] · {source.kind} · {days}", align="left", style="dim")
    rows = source.rows
    parts = [f"{rows[status]:,} {words}" for status, words in _STATUS.items() if rows[status] or status == "accepted"]
    out.print(f"{rows['read']:,} rows{' of a sample' if source.sampled else ''} = [bold]{' + '.join(parts)}[/bold]")
    for table in _tables(source):
        out.print()
        out.print(table)
    out.print()
    for each in source.left_out:
        _print_listing(
            each,
            f"The value table of [bold]{each.field}[/bold] leaves out {_texts(each)} of column {plain(each.column)}",
            "add them to its `values`, or give `otherwise`",
            out,
        )
    if source.unknown_areas is not None:
        _print_listing(
            source.unknown_areas,
            f"The geography does not know {many(source.unknown_areas.distinct, 'area')} "
            f"({many(source.unknown_areas.rows, 'row')})",
            "mend the expression `area`, or the geography's file",
            out,
        )
    without = source.areas_without_records
    if without:
        shown = ", ".join(map(plain, without[:_MOST_SHOWN])) + (", …" if len(without) > _MOST_SHOWN else "")
        out.print(f"[yellow]![/yellow] {len(without)} of {source.areas} areas have no record: {shown}")
    if source.empty_fields:
        out.print(f"[yellow]![/yellow] No record fills {', '.join(source.empty_fields)}: look at the mapping")
    told = {(each.column, "unknown_category") for each in source.left_out}
    for drift in source.drift:
        if (drift.column, drift.what) in told:
            continue
        column = f" {plain(drift.column)}" if drift.column else ""
        out.print(f"[yellow]![/yellow] {drift.what.replace('_', ' ')}{column}: {plain(drift.suggestion or '')}")
    if told or without or source.unknown_areas is not None or source.empty_fields or source.drift:
        out.print()


def _tables(source: SourceTrial) -> Iterator[rich.table.Table]:
    """Make the tables of a source: quarantine, marks, and fields that are not filled throughout."""
    if source.quarantined:
        yield _table(
            ("to quarantine", "field", "rows", "first at", "where it says"),
            [(q.reason, q.field, f"{q.rows:,}", f"{q.file}:{q.line}", q.value) for q in source.quarantined],
        )
    if source.flagged:
        yield _table(
            ("kept, and marked", "field", "rows", "which means"),
            [(f.finding, f.field or "", f"{f.records:,}", _MEANING.get(f.finding, "")) for f in source.flagged],
        )
    accepted = source.rows["accepted"]
    partly = [each for each in source.fields if each.records < accepted or each.unusable]
    if partly:
        yield _table(("field", "filled", "unusable"), [_share(each, accepted) for each in partly])


def _print_listing(listing: Listing, told: str, remedy: str, out: rich.console.Console) -> None:
    shown = [f"{plain(text)} [dim]({count:,})[/dim]" for text, count in list(listing.examples.items())[:_MOST_SHOWN]]
    out.print(f"[yellow]![/yellow] {told}:")
    out.print("  " + ", ".join(shown) + (", …" if listing.distinct > _MOST_SHOWN else ""))
    out.print(f"  What to do: {remedy}")


def _texts(listing: Listing) -> str:
    return f"{many(listing.distinct, 'text')} ({many(listing.rows, 'row')})"


def _share(field: Filled, accepted: int) -> tuple[str, str, str]:
    # Rounded down: what is not quite complete must not look so.
    filled = f"{math.floor(1000 * field.records / accepted) / 10:.1f} %" if accepted else ""
    return field.field, filled, f"{field.unusable:,}" if field.unusable else ""


def _table(header: Iterable[str], lines: Iterable[tuple[str, ...]]) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for name in header:
        is_number = name in ("rows", "filled", "unusable")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for line in lines:
        table.add_row(*(rich.text.Text(cell, style="dim" if cell == WITHHELD else "") for cell in line))
    return table
