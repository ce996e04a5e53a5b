"""Families: areas with those under them, as counts of areas add up under disclosure control.

Belongs here: which areas are added up to which, parts before wholes. What is shown of them is in `protection`.
"""

from dataclasses import dataclass

import polars as pl

from indicators.areas import AreaTree


@dataclass(frozen=True)
class Family:
    """An area with the areas under it, as positions in the order of a frame of areas; deepest first.

    `has_hidden` says that further areas under it are not published.
    """

    area: int
    parts: tuple[int, ...]
    has_hidden: bool
    is_top: bool


def families(tree: AreaTree, areas: list[str], hidden: frozenset[str] = frozenset()) -> list[Family]:
    """Return every area with those under it, parts before wholes.

    Parameters
    ----------
    tree : AreaTree
    areas : list of str
        Areas that an indicator counts in, in the order that positions refer to.
    hidden : frozenset of str
        Area levels that are not published.
    """
    position = {area: at for at, area in enumerate(areas)}
    rows = tree.areas.select("area_id", "parent_id", "area_level").filter(pl.col("area_id").is_in(areas))
    parent = dict(rows.select("area_id", "parent_id").iter_rows())
    level = dict(rows.select("area_id", "area_level").iter_rows())

    def depth(area: str) -> int:
        above = parent[area]
        return 0 if above is None or above not in position else 1 + depth(above)

    parts: dict[str, list[str]] = {area: [] for area in areas}
    for area in areas:
        if parent[area] in position:
            parts[str(parent[area])].append(area)
    found = []
    for area in sorted(areas, key=lambda each: (-depth(each), each)):
        if level[area] in hidden:
            continue
        shown = [position[part] for part in parts[area] if level[part] not in hidden]
        found.append(Family(position[area], tuple(shown), len(shown) < len(parts[area]), parent[area] not in position))
    return found
