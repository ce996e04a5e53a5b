"""Channels: where alerts go, as addresses of Apprise in a file of the operator's own, and sending to them.

Addresses are secrets. They come from `alerts.yml` in the home folder or the file that `WARDLIGHT_ALERTS` names, with
`${NAME}` for variables of the environment, and never from a pack; no message of ours says what is in one.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from pipelines.alerting.answers import refusals
from pipelines.alerting.causes import KINDS, Kind
from pipelines.alerting.wording import Tone
from pipelines.errors import WardlightError
from pipelines.location import secret
from pipelines.pack.marked_yaml import read_yaml
from pipelines.pack.mistakes import nearest, refuse
from pipelines.pack.parts import Part

_MANUAL = "docs/alerts.md describes the file, and the addresses of some receivers"
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,20})://", re.IGNORECASE)
_SHORTEST_WORD = 4
# Apprise, and what it sends with: the latter names paths, which hold tokens.
_TALKATIVE = ("apprise", "urllib3.connectionpool", "urllib3", "requests")


class Channel(Part):
    """One receiver: its address, and what it is told."""

    url: Annotated[pydantic.SecretStr, pydantic.Field(min_length=1)]
    kinds: Annotated[tuple[Kind, ...], pydantic.Field(min_length=1)] = KINDS

    @pydantic.model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return {"url": raw} if isinstance(raw, str) else raw


class Settings(Part):
    """What `alerts.yml` says."""

    channels: Annotated[dict[str, Channel], pydantic.Field(min_length=1)]
    again_after_days: Annotated[int, pydantic.Field(ge=0)] = 7
    grace_hours: Annotated[float, pydantic.Field(ge=0)] = 6.0
    warnings: bool = False
    language: Literal["en", "zh"] | None = None

    @property
    def again_after(self) -> timedelta | None:
        """After which time a cause that stands is told again; None for never."""
        return timedelta(days=self.again_after_days) if self.again_after_days else None

    @property
    def grace(self) -> timedelta:
        """How long after its hour a nightly run may take."""
        return timedelta(hours=self.grace_hours)


@dataclass(frozen=True)
class Sent:
    """Whether a message was taken by its receiver, and what went wrong, without a secret."""

    succeeded: bool
    problem: str = ""


def load_settings(path: Path) -> Settings:
    """Read `alerts.yml`, with the variables of the environment filled in, and try every address.

    Raises
    ------
    WardlightError
        With file, line, field and remedy, and without a secret, if the file is not what it must be, a variable is
        not set, or an address is none.
    """
    raw, lines = read_yaml(path)

    def mistake(problem: str, *keys: str, remedy: str = _MANUAL) -> WardlightError:
        at = next((lines[keys[:depth]] for depth in range(len(keys), 0, -1) if keys[:depth] in lines), None)
        return WardlightError(problem, file=path, line=at, field=".".join(keys) or None, remedy=remedy)

    try:
        settings = Settings.model_validate(raw)
    except pydantic.ValidationError as error:
        found = []
        for each in error.errors(include_input=False):
            keys = tuple(str(part) for part in each["loc"])
            close = nearest(keys[-1], [*Settings.model_fields, *Channel.model_fields]) if keys else None
            is_unknown = each["type"] == "extra_forbidden"
            problem = f"there is no key {keys[-1]!r} here" if is_unknown else each["msg"]
            remedy = f"did you mean {close}? {_MANUAL}" if is_unknown and close else _MANUAL
            found.append(mistake(problem, *keys, remedy=remedy))
        _refuse_bare(found)
    filled = {}
    wrong = []
    for name, channel in settings.channels.items():
        given = channel.url.get_secret_value()
        try:
            url = secret(given)
        except WardlightError as error:
            wrong.append(mistake(error.problem, "channels", name, remedy=error.remedy or _MANUAL))
            continue
        filled[name] = channel.model_copy(update={"url": pydantic.SecretStr(url)})
        if _receiver(url) is None:
            scheme = _SCHEME.match(url)
            told = f"one of {scheme[1]}:// that Apprise understands" if scheme else "an address of Apprise"
            wrong.append(mistake(f"the address of channel {name} is not {told}", "channels", name))
    refuse(wrong)
    return settings.model_copy(update={"channels": filled})


def send(channel: Channel, title: str, body: str, tone: Tone) -> Sent:
    """Send a message to a channel and wait for its receiver's answer."""
    import apprise  # noqa: PLC0415 - imports a hundred services

    url = channel.url.get_secret_value()
    receiver = _receiver(url)
    if receiver is None:
        return Sent(succeeded=False, problem="the address is none that Apprise understands")
    with _listening() as said, refusals() as refused:
        try:
            succeeded = bool(
                receiver.notify(
                    title=title, body=body, notify_type=apprise.NotifyType(tone), body_format=apprise.NotifyFormat.TEXT
                )
            )
        except Exception as error:
            return Sent(succeeded=False, problem=_masked(type(error).__name__, url))
    if succeeded and not refused:
        return Sent(succeeded=True)
    return Sent(succeeded=False, problem=_masked("; ".join([*said, *refused]), url) or "the receiver did not take it")


def _refuse_bare(found: list[WardlightError]) -> None:
    """Raise mistakes without what caused them: what was given may be a secret."""
    try:
        refuse(found)
    except WardlightError as error:
        raise error from None


def _receiver(url: str) -> Any:
    """Make Apprise's receiver of an address; None where it is none."""
    import apprise  # noqa: PLC0415

    asset = apprise.AppriseAsset(
        async_mode=False,
        secure_logging=True,
        app_id="Wardlight",
        app_desc="Wardlight alerts",
        app_url="",
        # No picture is fetched from elsewhere, and nothing is kept on disk.
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    with _listening():
        return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Keep logs that name addresses from every handler; yield Apprise's warnings."""
    said: list[str] = []

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    handler = _Handler(logging.WARNING)
    with ExitStack() as undone, warnings.catch_warnings():
        # Some of its services import what later Pythons lack.
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in _TALKATIVE:
            logger = logging.getLogger(name)
            # Python's last resort, for a logger without a handler, is standard error.
            kept = handler if name == "apprise" else logging.NullHandler()
            undone.callback(setattr, logger, "propagate", logger.propagate)
            undone.callback(logger.setLevel, logger.level)
            undone.callback(logger.removeHandler, kept)
            logger.propagate = False
            logger.setLevel(logging.WARNING)
            logger.addHandler(kept)
        yield said


def _masked(text: str, url: str) -> str:
    """Return a text without any word of an address but its scheme."""
    words = {word for word in re.split(r"[^\w]+", url.partition("://")[2]) if len(word) >= _SHORTEST_WORD}
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(re.escape(word), "***", text, flags=re.IGNORECASE)
    return text
