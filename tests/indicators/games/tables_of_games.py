"""Games that several tests play."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from indicators.games.expressions import Floats, parse
from indicators.games.replicator import Advantages
from indicators.games.tables import Game


def of_gains(gains: list[str]) -> Game:
    """A game in which cooperating brings a population what is written, x, y and z being 0 or 1 in each profile."""
    count = len(gains)
    payoffs = {}
    for profile in product((0, 1), repeat=count):
        row = []
        for own, gain in zip(profile, gains, strict=True):
            text = gain
            for name, does in zip("xyz", profile, strict=False):
                text = text.replace(name, str(does))
            row.append(parse(text if own else "0"))
        payoffs[profile] = tuple(row)
    return Game(tuple("ABC"[:count]), payoffs)


def terms(count: int) -> st.SearchStrategy[Floats]:
    """Terms of advantages, none of them so small that it stands for rounding."""
    number = st.integers(-40, 40).map(lambda each: each / 8)
    size = count * 2 ** (count - 1)
    return st.lists(number, min_size=size, max_size=size).map(
        lambda each: np.array(each, dtype=np.float64).reshape(count, 2 ** (count - 1))
    )


def advantages_of(found: Floats) -> Advantages:
    return Advantages(found, np.array(1e-10))
