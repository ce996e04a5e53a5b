"""The command `wardlight release`: which releases there are, what differs between them, and which is served."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from pipelines.errors import ReleaseError
from pipelines.options import home_option as _home

if TYPE_CHECKING:
    from pipelines.publishing.release import Release


@click.group()
def release() -> None:
    """List, show, compare, publish, pin and roll back releases."""


@release.command("list")
@_home
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def release_list(home: Path, as_json: bool) -> None:
    """List the releases, the newest last; `*` is the served one, `h` are held, `p` are pinned."""
    from pipelines.publishing import holding, retention  # noqa: PLC0415
    from pipelines.publishing import release as releases  # noqa: PLC0415 - imports the engine

    served, pinned = releases.current(home.resolve()), retention.pins(home.resolve())
    found = releases.listing(home.resolve())
    # One whose time has come is served, and no longer held.
    held = {
        each: publish_at
        for publish_at, each in holding.held(home.resolve()).items()
        if served is None or each != served.release_id
    }
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "release_id": each.release_id,
                        "as_of": each.manifest["as_of"],
                        "content_hash": each.manifest["content_hash"],
                        "previous": each.manifest["previous"],
                        "is_served": served is not None and served.release_id == each.release_id,
                        "held_until": held[each.release_id].isoformat() if each.release_id in held else None,
                        "is_pinned": each.release_id in pinned,
                        "note": pinned.get(each.release_id),
                    }
                    for each in found
                ],
                indent=2,
                ensure_ascii=False,
            )
        )
        return
    for each in found:
        is_served = served is not None and served.release_id == each.release_id
        mark = "*" if is_served else "h" if each.release_id in held else " "
        mark += "p" if each.release_id in pinned else " "
        note = f"  held until {_local(held[each.release_id], each)}" if each.release_id in held else ""
        note += f"  {pinned[each.release_id]}" if pinned.get(each.release_id) else ""
        click.echo(
            f"{mark} {each.release_id}  as of {each.manifest['as_of']}  {each.manifest['content_hash'][:12]}{note}"
        )


@release.command("show")
@_home
@click.argument("release_id", required=False)
def release_show(home: Path, release_id: str | None) -> None:
    """Print a release's manifest; by default the served one's."""
    click.echo(json.dumps(_one(home, release_id).manifest, indent=2, ensure_ascii=False))


@release.command("diff")
@_home
@click.argument("before", required=False)
@click.argument("now", required=False)
@click.option("--indicator", default=None, help="Figures of this indicator alone.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="Figures that are listed.")
@click.option("--json", "as_json", is_flag=True, help="All changed figures, as JSON.")
def release_diff(
    home: Path, before: str | None, now: str | None, indicator: str | None, limit: int, as_json: bool
) -> None:
    """Tell which figures changed from a release to a later one, by how much and why.

    By default from the release before the served one to that.
    """
    import polars as pl  # noqa: PLC0415 - slow to import

    from pipelines.publishing import differences  # noqa: PLC0415 - imports the engine
    from pipelines.publishing import release as releases  # noqa: PLC0415 - imports the engine

    later = _one(home, now)
    earlier = before or later.manifest["previous"]
    if earlier is None:
        raise ReleaseError(
            f"no release came before {later.release_id}",
            file=later.folder,
            remedy="`wardlight release list` shows them",
        )
    first = releases.load(home.resolve(), earlier)
    found = differences.compare(first, later)
    figures = found.figures if indicator is None else found.figures.filter(pl.col("indicator_id") == indicator)
    if as_json:
        told = {"before": first.release_id, "now": later.release_id, "added": found.added, "gone": found.gone}
        click.echo(json.dumps({**told, "figures": figures.to_dicts()}, indent=2, default=str))
        return
    closed = figures.filter(~pl.col("is_open"))
    click.echo(
        f"From {first.release_id} to {later.release_id}\n"
        f"Changed figures: {closed.height:,} of periods that were over, {figures.height - closed.height:,} of "
        "open ones. "
        f"New: {found.added:,}, gone: {found.gone:,}, of another status alone: {found.status_only:,}"
    )
    shown = differences.Differences(figures, 0, 0, 0)
    for row in shown.summary().iter_rows(named=True):
        most = "" if row["largest"] is None else f", by {row['largest']:.1%} at most"
        click.echo(f"  {row['indicator_id']:<24} {row['figures']:>7,}  {row['reason'] or 'unknown'}{most}")
    for row in closed.head(limit).iter_rows(named=True):
        click.echo(
            f"{row['indicator_id']} {row['area_id']} {row['period_kind']} {row['period_start']}: "
            f"{_number(row['value_before'])} -> {_number(row['value_now'])}  ({row['reason'] or 'unknown'})"
        )
    if closed.height > limit:
        click.echo(f"… and {closed.height - limit:,} more; --limit lists them, --json gives all")


@release.command("rollback")
@_home
@click.argument("release_id", required=False)
def release_rollback(home: Path, release_id: str | None) -> None:
    """Serve an earlier release again; by default the one before."""
    from pipelines.publishing import release as releases  # noqa: PLC0415 - imports the engine
    from pipelines.warehouse import writing  # noqa: PLC0415 - imports the engine

    with writing(home.resolve()):
        releases.promote(home.resolve())
        served = releases.linked(home.resolve())
        target = release_id or (served.manifest["previous"] if served is not None else None)
        if target is None:
            raise ReleaseError("there is no earlier release", file=home, remedy="`wardlight release list` shows them")
        releases.switch(home.resolve(), target)
    click.echo(f"Now serving {target}")


@release.command("publish")
@_home
@click.argument("release_id", required=False)
def release_publish(home: Path, release_id: str | None) -> None:
    """Serve a held release now, before its time; by default the one that is held longest.

    Those whose time has come are served without it.
    """
    from pipelines.publishing import holding  # noqa: PLC0415
    from pipelines.publishing import release as releases  # noqa: PLC0415 - imports the engine
    from pipelines.warehouse import writing  # noqa: PLC0415 - imports the engine

    with writing(home.resolve()):
        releases.promote(home.resolve())
        held = list(holding.held(home.resolve()).values())
        target = release_id or (held[0] if held else None)
        if target is None or target not in held:
            problem = "no release is held" if target is None else f"release {target} is not held"
            raise ReleaseError(
                problem, file=home, remedy="`wardlight release list` shows them; `rollback` serves an earlier one"
            )
        releases.switch(home.resolve(), target)
    click.echo(f"Now serving {target}")


@release.command("pin")
@_home
@click.argument("release_id", required=False)
@click.option("--note", default="", help="Why it is kept, such as the report that quotes it.")
@click.option("--remove", is_flag=True, help="Leave it to the pack's policy again.")
def release_pin(home: Path, release_id: str | None, note: str, remove: bool) -> None:
    """Keep a release whatever the pack's policy says; by default the served one."""
    from pipelines.publishing import retention  # noqa: PLC0415 - imports the engine
    from pipelines.warehouse import writing  # noqa: PLC0415 - imports the engine

    with writing(home.resolve()):
        # One that is gone may still be unpinned.
        target = release_id if remove and release_id else _one(home, release_id).release_id
        if remove:
            retention.unpin(home.resolve(), target)
        else:
            retention.pin(home.resolve(), target, note)
    click.echo(f"{'No longer pinned' if remove else 'Pinned'}: {target}")


def _one(home: Path, release_id: str | None) -> "Release":
    """Return a release, or the served one."""
    from pipelines.publishing import release as releases  # noqa: PLC0415 - imports the engine

    return releases.load(home.resolve(), release_id) if release_id else releases.served(home.resolve())


def _local(moment: datetime, held: "Release") -> str:
    return f"{moment.astimezone(ZoneInfo(held.manifest['time_zone'])):%Y-%m-%d %H:%M}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
