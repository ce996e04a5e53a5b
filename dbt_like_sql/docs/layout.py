"""Drawing what reads what, from left to right: columns, an order with few crossings, and places.

Here: a layered layout (after Sugiyama, Tagawa and Toda 1981) as numbers. Not here: what is drawn, and SVG.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BOX_HEIGHT = 24.0
_ROW_GAP = 9.0
_THREAD_HEIGHT = 4.0
_COLUMN_GAP = 34.0
_MARGIN = 6.0
_SWEEPS = 12

# A box is its name; an edge that passes a column is held there by (from, to, column).
_Node = str | tuple[str, str, int]


@dataclass(frozen=True)
class Box:
    """A box: its left edge, its middle from above, its width, all in pixels."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Layout:
    """A drawing: its size in pixels, its boxes, and its edges as SVG paths from the one read to the reader."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    paths: Mapping[tuple[str, str], str]


def lay_out(widths: Mapping[str, float], edges: Iterable[tuple[str, str]]) -> Layout:
    """Place boxes in columns, each right of all that it reads.

    Parameters
    ----------
    widths
        Width of each box in pixels; those read come before their readers.
    edges
        What is read and what reads it, both among the boxes.
    """
    edges = list(edges)
    rank = _ranks(list(widths), edges)
    threads = {edge: _thread(edge, rank) for edge in edges}
    columns: dict[int, list[_Node]] = defaultdict(list)
    for name in widths:
        columns[rank[name]].append(name)
    for thread in threads.values():
        for at, node in enumerate(thread[1:-1], rank[str(thread[0])] + 1):
            columns[at].append(node)
    layers = [columns[at] for at in sorted(columns)]
    links = [link for thread in threads.values() for link in itertools.pairwise(thread)]
    layers = _ordered(layers, links)
    y = _heights(layers, links)
    left, x, column_width = _MARGIN, {}, {}
    for layer in layers:
        wide = max((widths[node] for node in layer if isinstance(node, str)), default=0.0)
        for node in layer:
            x[node], column_width[node] = left, widths[node] if isinstance(node, str) else wide
        left += wide + _COLUMN_GAP
    return Layout(
        left - _COLUMN_GAP + _MARGIN,
        max(y.values(), default=0.0) + BOX_HEIGHT / 2 + _MARGIN,
        {name: Box(x[name], y[name], widths[name]) for name in widths},
        {edge: _path([(x[n], y[n], column_width[n]) for n in thread]) for edge, thread in threads.items()},
    )


def _ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Give each box the column after the last one of those that it reads."""
    reads = defaultdict(list)
    for read, reader in edges:
        reads[reader].append(read)
    rank: dict[str, int] = {}
    for name in names:
        rank[name] = 1 + max((rank[read] for read in reads[name]), default=-1)
    return rank


def _thread(edge: tuple[str, str], rank: Mapping[str, int]) -> list[_Node]:
    first, last = edge
    return [first, *((first, last, at) for at in range(rank[first] + 1, rank[last])), last]


def _ordered(layers: list[list[_Node]], links: Sequence[tuple[_Node, _Node]]) -> list[list[_Node]]:
    """Order each column by the mean place of its neighbours, forth and back; keep what crosses least."""
    neighbours = _neighbours(links)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, links)
    for sweep in range(_SWEEPS):
        back = bool(sweep % 2)
        place = {node: at for layer in layers for at, node in enumerate(layer)}
        for layer in reversed(layers) if back else layers:
            near = {node: [place[other] for other in neighbours[node, back]] for node in layer}
            layer.sort(key=lambda node: sum(near[node]) / len(near[node]) if near[node] else place[node])
            place.update({node: at for at, node in enumerate(layer)})
        crossings = _crossings(layers, links)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    return best


def _neighbours(links: Iterable[tuple[_Node, _Node]]) -> Mapping[tuple[_Node, bool], list[_Node]]:
    """Give the neighbours of each node in the column before (False) and after (True)."""
    found: dict[tuple[_Node, bool], list[_Node]] = defaultdict(list)
    for before, after in links:
        found[after, False].append(before)
        found[before, True].append(after)
    return found


def _crossings(layers: Iterable[Sequence[_Node]], links: Sequence[tuple[_Node, _Node]]) -> int:
    place = {node: (rank, at) for rank, layer in enumerate(layers) for at, node in enumerate(layer)}
    by_rank: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for before, after in links:
        by_rank[place[before][0]].append((place[before][1], place[after][1]))
    pairs = (pair for between in by_rank.values() for pair in itertools.combinations(between, 2))
    return sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)


def _heights(layers: Sequence[Sequence[_Node]], links: Sequence[tuple[_Node, _Node]]) -> dict[_Node, float]:
    """Move each column, in its order and without overlap, towards the middle of its neighbours."""
    neighbours = _neighbours(links)
    starts = []
    for layer in layers:
        at, start = 0.0, []
        for node in layer:
            height = BOX_HEIGHT if isinstance(node, str) else _THREAD_HEIGHT
            start.append(at + height / 2)
            at += height + _ROW_GAP
        starts.append(start)
    tallest = max((start[-1] for start in starts if start), default=0.0)
    y = {
        node: place + (tallest - start[-1]) / 2
        for layer, start in zip(layers, starts, strict=True)
        for node, place in zip(layer, start, strict=True)
    }
    for _ in range(_SWEEPS):
        for layer, start in zip(layers, starts, strict=True):
            wanted = []
            for node, place in zip(layer, start, strict=True):
                near = [y[other] for back in (False, True) for other in neighbours[node, back]]
                wanted.append((sum(near) / len(near) if near else y[node]) - place)
            y.update({node: p + shift for node, p, shift in zip(layer, start, _rising(wanted), strict=True)})
    highest = min((y[node] for layer in layers for node in layer), default=0.0)
    return {node: place - highest + BOX_HEIGHT / 2 + _MARGIN for node, place in y.items()}


def _rising(wanted: Sequence[float]) -> list[float]:
    """Return the sequence nearest by least squares that never falls (pooling adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in wanted:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (low, after), (high, before) = pools.pop(), pools.pop()
            count = before + after
            pools.append(((high * before + low * after) / count, count))
    return [mean for mean, count in pools for _ in range(count)]


def _path(points: Sequence[tuple[float, float, float]]) -> str:
    """Draw from the right edge of the first point to the left edge of the last, level through those between."""
    x, y, width = points[0]
    at, drawn = x + width, [f"M{x + width:.1f} {y:.1f}"]
    for to, height, wide in points[1:]:
        # The boxes of a column differ in width; the bend starts where the widest ends.
        bend = max(at, to - _COLUMN_GAP)
        middle = (bend + to) / 2
        drawn.append(f"H{bend:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {height:.1f} {to:.1f} {height:.1f}")
        y, at = height, to + wide
    return "".join(drawn)
