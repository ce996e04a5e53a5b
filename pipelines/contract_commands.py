"""The commands `wardlight contract`: what a source agrees to deliver. What they do is done in `contracts`."""

from collections.abc import Sequence
from pathlib import Path

import click

from pipelines.options import city_option


@click.group()
def contract() -> None:
    """Write data contracts from a pack."""


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
