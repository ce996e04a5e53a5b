"""Telling: what each channel is still to be told, decided from what is remembered.

A cause is told once when it appears, once when it is over, and again after some days if it stands. What is muted is
not told; if it stands when the mute ends, it is then. A channel that could not be reached owes nothing to the others:
each is told by itself, until it has heard. Pure: nothing is sent or written here.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.alerting.causes import Kind, Observation
from pipelines.alerting.memory import Known, Memory, Told


@dataclass(frozen=True)
class Digest:
    """What one channel is to be told, all in one message.

    `missed` came and went while the channel could not be reached.
    """

    new: tuple[Known, ...] = ()
    again: tuple[Known, ...] = ()
    over: tuple[Known, ...] = ()
    missed: tuple[Known, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.new or self.again or self.over or self.missed)


def take_in(memory: Memory, seen: Observation, now: datetime) -> None:
    """Bring memory up to what is seen: new causes are known from now on, those not seen any more are over."""
    for cause in seen.causes:
        if cause.key in memory.known:
            memory.known[cause.key].update(cause)
        else:
            memory.known[cause.key] = Known(cause.key, cause.kind, cause.severity, cause.facts, now)
    standing = {cause.key for cause in seen.causes}
    for known in memory.known.values():
        if known.kind in seen.kinds and known.key not in standing and known.over_at is None:
            known.over_at = now


def digest(
    memory: Memory,
    channel: str,
    kinds: Collection[Kind],
    is_muted: Callable[[str], bool],
    again_after: timedelta | None,
    now: datetime,
) -> Digest:
    """Return what a channel is to be told.

    Parameters
    ----------
    kinds
        The kinds of causes that the channel is told.
    again_after
        After which time a cause that stands is told again; None for never.
    """
    new, again, over, missed = [], [], [], []
    for known in sorted(memory.known.values(), key=lambda each: (each.severity, each.first_seen, each.key)):
        if known.kind not in kinds or is_muted(known.key):
            continue
        told = known.channels.get(channel, Told())
        if known.over_at is None:
            if told.at is None:
                new.append(known)
            elif again_after is not None and now - told.at >= again_after:
                again.append(known)
        elif told.at is not None:
            over.append(known)
        elif told.failed:
            missed.append(known)
    return Digest(tuple(new), tuple(again), tuple(over), tuple(missed))


def note(sent: Digest, channel: str, now: datetime, *, succeeded: bool) -> None:
    """Note that a channel was told a digest, or that it could not be reached."""
    for known in (*sent.new, *sent.again):
        told = known.channels.setdefault(channel, Told())
        if succeeded:
            told.at, told.failed = now, False
        else:
            told.failed = True
    if succeeded:
        for known in (*sent.over, *sent.missed):
            known.channels.pop(channel, None)


def settle(memory: Memory, channels: Iterable[str], is_muted: Callable[[str], bool]) -> None:
    """Forget what is over and owed to nobody: told to all who had heard of it, or muted."""
    names = set(channels)
    for known in list(memory.known.values()):
        known.channels = {name: told for name, told in known.channels.items() if name in names}
        if known.over_at is not None and (is_muted(known.key) or not known.channels):
            del memory.known[known.key]
