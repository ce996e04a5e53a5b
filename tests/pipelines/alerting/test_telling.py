"""Telling: once when it appears, once when it is over, again after some days; whatever the receivers do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.alerting import memory, telling
from pipelines.alerting.causes import KINDS, Cause, Observation

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = ("a", "b", "c")
CHANNELS = ("mail", "chat")


def seen(*keys: str) -> Observation:
    return Observation(tuple(Cause(key, "run", "error") for key in keys), frozenset(KINDS))


class Story:
    """Looks at an hour's distance, and what each channel heard: `+a` appeared, `~a` still, `-a` over, `!a` missed."""

    def __init__(self, again_after: timedelta | None = None) -> None:
        self.memory = memory.Memory(START)
        self.again_after = again_after
        self.hours = 0
        self.heard: dict[str, list[str]] = {channel: [] for channel in CHANNELS}

    def look(
        self, *keys: str, down: frozenset[str] = frozenset(), muted: frozenset[str] = frozenset(), hours: int = 1
    ) -> None:
        self.hours += hours
        now = START + timedelta(hours=self.hours)
        telling.take_in(self.memory, seen(*keys), now)
        for channel in CHANNELS:
            told = telling.digest(self.memory, channel, KINDS, muted.__contains__, self.again_after, now)
            if not told:
                continue
            succeeded = channel not in down
            if succeeded:
                for sign, causes in (("+", told.new), ("~", told.again), ("-", told.over), ("!", told.missed)):
                    self.heard[channel] += [f"{sign}{each.key}" for each in causes]
            telling.note(told, channel, now, succeeded=succeeded)
        telling.settle(self.memory, CHANNELS, muted.__contains__)


def test_a_cause_is_told_once_and_once_more_when_it_is_over_and_anew_when_it_comes_back() -> None:
    story = Story()
    for keys in (["a"], ["a"], ["a", "b"], ["b"], ["b"], [], ["a"]):
        story.look(*keys)
    assert story.heard["mail"] == ["+a", "+b", "-a", "-b", "+a"]
    assert story.heard["chat"] == story.heard["mail"]


def test_what_stands_is_told_again_after_some_days() -> None:
    story = Story(again_after=timedelta(days=7))
    for _ in range(24):
        story.look("a", hours=24)
    assert story.heard["mail"] == ["+a", "~a", "~a", "~a"]


def test_a_channel_that_is_down_hears_all_of_it_later_and_the_other_nothing_twice() -> None:
    story = Story()
    down = frozenset({"chat"})
    story.look("a", "b", down=down)
    story.look("a", "b", down=down)
    story.look("a", down=down)
    story.look("a")
    story.look()
    assert story.heard == {"mail": ["+a", "+b", "-b", "-a"], "chat": ["+a", "!b", "-a"]}
    assert not story.memory.known


def test_a_cause_that_is_over_is_owed_to_a_channel_that_is_down() -> None:
    story = Story()
    story.look("a")
    story.look(down=frozenset({"chat"}))
    assert (story.heard["mail"], story.heard["chat"]) == (["+a", "-a"], ["+a"])
    story.look()
    assert story.heard["chat"] == ["+a", "-a"]
    assert not story.memory.known


def test_what_is_muted_is_told_when_the_mute_ends_if_it_stands() -> None:
    story = Story()
    muted = frozenset({"a", "b"})
    story.look("a", "b", muted=muted)
    story.look("a", muted=muted)
    assert story.heard["mail"] == []
    story.look("a")
    assert story.heard["mail"] == ["+a"]


def test_kinds_that_could_not_be_looked_at_stand_as_they_did() -> None:
    story = Story()
    story.look("a")
    telling.take_in(story.memory, Observation((), frozenset({"late"})), START)
    assert story.memory.known["a"].over_at is None


steps = st.lists(
    st.tuples(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(CHANNELS)), st.sets(st.sampled_from(KEYS))),
    max_size=12,
)


@pytest.mark.slow
@given(steps)
@settings(max_examples=200)
def test_whatever_happens_nobody_is_told_twice_and_in_the_end_all_know_how_things_stand(
    told: list[tuple[set[str], set[str], set[str]]],
) -> None:
    story = Story()
    for keys, down, muted in told:
        story.look(*sorted(keys), down=frozenset(down), muted=frozenset(muted))
    standing = sorted(told[-1][0]) if told else []
    story.look(*standing)
    for channel in CHANNELS:
        for key in KEYS:
            heard = [each[0] for each in story.heard[channel] if each[1:] == key and each[0] in "+-"]
            # Muted, a cause may have gone and come again unheard: then `+` follows `+`, but `-` only follows `+`.
            assert all(now == "+" or before == "+" for before, now in zip(["", *heard], heard, strict=False))
            if not any(key in muted for _, _, muted in told):
                assert all(before != now for before, now in pairwise(heard)), story.heard
                assert (heard[-1:] == ["+"]) == (key in standing)
            elif key in standing:
                assert heard[-1:] == ["+"]
    assert {key for key, known in story.memory.known.items() if known.over_at is None} == set(standing)
    assert set(story.memory.known) == set(standing)
