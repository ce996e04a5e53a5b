"""The commands `wardlight contract`: what a source agrees to deliver. What they do is done in `contracts`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from pipelines.options import city_option


@click.group()
def contract() -> None:
    """Write data contracts from a pack, and check deliveries before they are sent."""


@contract.command()
@city_option
@click.option("--source", "sources", multiple=True, help="Source to write the contract of; by default all.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder to write <city>-<source>.odcs.yaml to; by default the terminal.",
)
def export(city: Path, sources: Sequence[str], out: Path | None) -> None:
    """Write the contract of each source, in the Open Data Contract Standard."""
    from pipelines.contracts.exporting import contract_of, contract_text  # noqa: PLC0415 - imports the engine
    from pipelines.pack.city import load_city_pack  # noqa: PLC0415
    from pipelines.pack.mistakes import nearest  # noqa: PLC0415

    pack = load_city_pack(city)
    for name in sources:
        if name not in pack.sources:
            close = nearest(name, pack.sources)
            raise pack.error(
                f"there is no source {name!r}",
                "sources",
                remedy=f"did you mean {close}?" if close else f"the sources are {', '.join(pack.sources)}",
            )
    texts = {name: contract_text(contract_of(pack, name)) for name in sources or pack.sources}
    if out is None:
        click.echo("---\n".join(texts.values()), nl=False)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = out / f"{pack.name}-{name}.odcs.yaml"
        path.write_text(text, encoding="utf-8")
        click.echo(f"Wrote {path}")


@contract.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("data", type=click.Path(path_type=Path, dir_okay=False), nargs=-1)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Day by which freshness is judged; by default the contract's, else today.",
)
@click.option("--object", "object_name", default=None, help="Object of the contract, where it has several.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(file: Path, data: Sequence[Path], as_of: datetime | None, object_name: str | None, as_json: bool) -> None:
    """Hold the files DATA against the contract FILE; exit code 1 unless it holds.

    Neither a city pack nor a home folder is needed. Without DATA, the files are those that the contract names, looked
    for from its own folder.
    """
    from pipelines.contracts.checking import check_delivery  # noqa: PLC0415 - imports the engine
    from pipelines.contracts.reading import load_contract  # noqa: PLC0415
    from pipelines.contracts.report import for_machines, print_check  # noqa: PLC0415

    day = None if as_of is None else as_of.date()
    found = check_delivery(load_contract(file), data, day, object_name, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(for_machines(found), indent=2, ensure_ascii=False))
    else:
        print_check(found)
    if not found.holds:
        raise click.exceptions.Exit(1)
