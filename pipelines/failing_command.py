"""The command `wardlight failing`: some of the rows that break each expectation, by file and line.

What is kept of them, and that it leaves the warehouse for this command alone, is in `quality.failing_rows`.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.errors import WardlightError
from pipelines.options import home_option

if TYPE_CHECKING:
    from pipelines.quality.failing_rows import Sample


@click.command()
@home_option
@click.argument("expectation", required=False)
@click.option("--all", "tolerated", is_flag=True, help="Those, too, of which so many rows are tolerated.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def failing(home: Path, expectation: str | None, tolerated: bool, as_json: bool) -> None:
    """Show some of the rows that break expectations, as judged last.

    EXPECTATION is the name of one, or TABLE.NAME; by default all that failed.
    """
    from pipelines.quality import failing_rows  # noqa: PLC0415 - imports the engine
    from pipelines.warehouse import open_warehouse, writing  # noqa: PLC0415

    folder = home.resolve()
    if not (folder / "warehouse.duckdb").exists():
        raise WardlightError("there is no warehouse yet", file=folder, remedy="run `wardlight nightly` first")
    with writing(folder), open_warehouse(folder) as con:
        samples = failing_rows.recall(con)
    if expectation is not None:
        samples = [
            each for each in samples if expectation in (each.expectation, f"{each.table_name}.{each.expectation}")
        ]
    elif not tolerated:
        samples = [each for each in samples if not each.success]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in samples], indent=2, ensure_ascii=False, default=str))
        return
    for each in samples:
        _print(each)
    if not samples:
        click.echo("No rows are kept of it." if expectation else "No expectation failed that rows can be shown of.")


def _print(sample: "Sample") -> None:
    from pipelines.terminal import many  # noqa: PLC0415

    state = "tolerated" if sample.success else sample.severity
    click.echo(
        f"{sample.layer}.{sample.table_name}: {sample.expectation} ({state}, as of {sample.as_of}), "
        f"{many(sample.failed_count, 'row')}"
    )
    for key in sample.keys:
        where = f"{key['file']}:{key['line']}  " if "file" in key and "line" in key else ""
        rest = {name: value for name, value in key.items() if not where or name not in ("file", "line")}
        click.echo("  " + where + ", ".join(f"{name} {value}" for name, value in rest.items()))
    if sample.failed_count > len(sample.keys):
        click.echo(f"  … and {sample.failed_count - len(sample.keys):,} more")
