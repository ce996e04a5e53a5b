"""The commands `wardlight alerts`: see, mute and try what the sensor tells. What they do is done in `alerting`."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines import location
from pipelines.errors import WardlightError
from pipelines.options import city_option, home_option

if TYPE_CHECKING:
    from pipelines.alerting.channels import Settings


@click.group()
def alerts() -> None:
    """See what alerts are about, mute some, and try the channels."""


@alerts.command(name="list")
@home_option
def list_alerts(home: Path) -> None:
    """List what stands, with its key and whom it was told; and what is muted."""
    from pipelines.alerting import memory, wording  # noqa: PLC0415 - imports models
    from pipelines.terminal import many  # noqa: PLC0415

    now = datetime.now(UTC)
    known = memory.recall(home.resolve(), now).known.values()
    mutes = memory.mutes(home.resolve())
    standing = sorted((each for each in known if each.over_at is None), key=lambda each: (each.first_seen, each.key))
    for each in standing:
        told = [name for name, channel in each.channels.items() if channel.at is not None]
        muted = any(mute.covers(each.key, now.date()) for mute in mutes)
        state = "muted" if muted else f"told {', '.join(told)}" if told else "not told yet"
        click.echo(f"{wording.line_of(each, 'en', 'UTC')}\n  {each.severity}, {state}")
    click.echo(f"{many(len(standing), 'cause')} stand" + ("s" if len(standing) == 1 else ""))
    for mute in mutes:
        ended = "" if now.date() <= mute.until else " (run out)"
        click.echo(f"Muted {mute.pattern} until {mute.until}{ended}" + (f": {mute.reason}" if mute.reason else ""))


@alerts.command()
@home_option
@click.argument("pattern")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Last day on which it is muted.")
@click.option("--days", type=click.IntRange(min=1), default=None, help="Or for how many days from today.")
@click.option("--reason", default="", help="Why, for those who list what is muted.")
def mute(home: Path, pattern: str, until: datetime | None, days: int | None, reason: str) -> None:
    """Mute the causes of which the key fits PATTERN: a key, or one with * for any text.

    What stands when the mute ends is told then.
    """
    from pipelines.alerting import memory  # noqa: PLC0415 - imports models

    if (until is None) == (days is None):
        raise WardlightError("for how long?", field="--until, --days", remedy="give one of --until DATE and --days N")
    today = datetime.now(UTC).date()
    last: date = until.date() if until is not None else today + timedelta(days=days or 0)
    if last < today:
        raise WardlightError(f"{last} is past", field="--until", remedy="give a day to come")
    made = memory.Mute(pattern, last, reason)
    kept = [each for each in memory.mutes(home.resolve()) if each.pattern != pattern and each.until >= today]
    memory.write_mutes(home.resolve(), [*kept, made])
    known = memory.recall(home.resolve(), datetime.now(UTC)).known
    fits = [key for key in known if made.names(key)]
    click.echo(f"Muted {pattern} until {last}: {', '.join(fits) or 'no cause that stands now'}")


@alerts.command()
@home_option
@click.argument("pattern")
def unmute(home: Path, pattern: str) -> None:
    """End the mute of PATTERN, written as it was."""
    from pipelines.alerting import memory  # noqa: PLC0415 - imports models

    mutes = memory.mutes(home.resolve())
    if pattern not in [each.pattern for each in mutes]:
        raise WardlightError(
            f"{pattern} is not muted",
            field="PATTERN",
            remedy=f"muted are {', '.join(each.pattern for each in mutes) or 'no causes'}",
        )
    memory.write_mutes(home.resolve(), [each for each in mutes if each.pattern != pattern])
    click.echo(f"No longer muted: {pattern}")


@alerts.command()
@city_option
@home_option
@click.option("--channel", "channels", multiple=True, help="Channel to try; by default all.")
def test(city: Path, home: Path, channels: tuple[str, ...]) -> None:
    """Send a test message to the channels of alerts.yml; exit code 1 if one cannot be reached."""
    from pipelines.alerting.channels import send  # noqa: PLC0415 - imports models
    from pipelines.alerting.wording import trial_message  # noqa: PLC0415
    from pipelines.pack.city import load_city_pack  # noqa: PLC0415

    pack = load_city_pack(city)
    settings = _settings(home)
    for name in channels:
        if name not in settings.channels:
            raise WardlightError(
                f"there is no channel {name!r}", field="--channel", remedy=f"there are {', '.join(settings.channels)}"
            )
    language = settings.language or pack.language
    failed = False
    for name in channels or settings.channels:
        sent = send(settings.channels[name], *trial_message(getattr(pack.title, language), name, language), "info")
        failed = failed or not sent.succeeded
        click.echo(f"{name}: {'sent' if sent.succeeded else sent.problem}")
    if failed:
        raise click.exceptions.Exit(1)


@alerts.command()
@city_option
@home_option
def send(city: Path, home: Path) -> None:
    """Look once and tell, as the sensor does every minute: for homes that no Dagster daemon serves.

    Exit code 1 if a channel could not be reached; it is told at the next look.
    """
    import dagster as dg  # noqa: PLC0415 - takes seconds

    from pipelines.alerting import looking  # noqa: PLC0415
    from pipelines.alerting.watching import watch  # noqa: PLC0415
    from pipelines.instance import instance_folder  # noqa: PLC0415
    from pipelines.pack.city import load_city_pack  # noqa: PLC0415

    settings = _settings(home)
    with dg.DagsterInstance.from_config(str(instance_folder(home.resolve()))) as instance:
        runs = looking.finished_runs(instance)
    found = watch(home.resolve(), load_city_pack(city), settings, runs, datetime.now(UTC))
    click.echo("Somebody else is looking." if found is None else f"{found}.")
    if found is not None and not all(sent.succeeded for sent in found.sent.values()):
        raise click.exceptions.Exit(1)


def _settings(home: Path) -> "Settings":
    from pipelines.alerting.channels import load_settings  # noqa: PLC0415 - imports models

    path = location.alerts_file(home.resolve())
    if path is None:
        raise WardlightError(
            "there are no channels",
            file=home / "alerts.yml",
            remedy="write the file, or name another with WARDLIGHT_ALERTS; docs/alerts.md describes it",
        )
    return load_settings(path)
