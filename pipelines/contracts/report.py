"""What came of a check, on a terminal and for machines. Words only, no findings."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import rich.text

from pipelines.contracts.checking import Check, Verdict
from pipelines.terminal import console, many, plain, table_of


def for_machines(check: Check) -> Mapping[str, object]:
    """Return a check as what JSON can say."""
    return {
        "holds": check.holds,
        "contract": check.contract_id,
        "version": check.version,
        "object": check.object_name,
        "as_of": check.as_of.isoformat(),
        "files": check.delivery.files,
        "rows": check.delivery.rows,
        "further_columns": check.delivery.further,
        "verdicts": [asdict(verdict) for verdict in check.verdicts],
        "not_carried": check.not_carried,
    }


def print_check(check: Check) -> None:
    """Print a check: what is broken, what could not be judged, and what the receiver judges besides."""
    out = console()
    files = check.delivery.files
    out.print(
        f"[bold]{plain(check.object_name)}[/bold] · {many(check.delivery.rows, 'row')} in {many(len(files), 'file')} · "
        f"contract {plain(check.contract_id)} {plain(check.version)}, as of {check.as_of}",
        soft_wrap=True,
    )
    told = [each for each in check.verdicts if each.outcome in ("broken", "not judged")]
    if told:
        table = table_of(("rule", "severity", "rows", "what was agreed", "what was found"), [2])
        for verdict in sorted(told, key=lambda each: (each.severity, -(each.rows or 0))):
            rows = "" if verdict.rows is None else f"{verdict.rows:,}"
            cells = (verdict.rule, verdict.severity, rows, verdict.description, "\n".join(_found(verdict)))
            table.add_row(*map(rich.text.Text, cells))
        out.print()
        out.print(table)
    out.print()
    for file, columns in check.delivery.further.items():
        out.print(f"{plain(Path(file).name)} has columns that the contract does not name: {plain(', '.join(columns))}")
    left = sorted({each.rule for each in check.verdicts if each.outcome == "left out"})
    if left:
        out.print(f"Left to people or other engines: {plain(', '.join(left))}")
    if check.not_carried:
        rules = dict.fromkeys(each.get("rule", "") for each in check.not_carried)
        out.print(f"The receiver judges besides: {plain(', '.join(rules))}")
    held = sum(each.outcome == "holds" for each in check.verdicts)
    failed = sum(each.severity == "error" for each in told)
    result = "[green]The delivery holds[/green]" if check.holds else "[red]The delivery does not hold[/red]"
    out.print(
        f"{result}: {many(failed, 'error')}, {many(len(told) - failed, 'warning')}, {many(held, 'rule')} fulfilled"
    )


def _found(verdict: Verdict) -> Iterable[str]:
    if verdict.observed:
        yield verdict.observed
    for example in verdict.examples[:2]:
        yield f"{Path(example.file).name}:{example.line} {example.value}".rstrip()
