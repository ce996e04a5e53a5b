"""Heting and its neighbours: made-up districts, beats, shapes, addresses and people.

The place is the same for every seed; what happens in it is not, and is written elsewhere. It lies on open water,
so that no real address is meant.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

COLUMNS_OF_BEATS, ROWS_OF_BEATS = 6, 4
ADDRESSES_PER_BEAT = 1024
# Neighbours: addresses of one block lie within about 100 metres.
ADDRESSES_PER_BLOCK = 8
_WEST, _SOUTH = -123.72, 49.12
_CELL_LON, _CELL_LAT = 0.0206, 0.0135
_KM2_PER_SQUARE_DEGREE = 111.2 * 111.2 * 0.654  # at 49.15 degrees north
_STREETS = ("Lotus", "Willow", "Heron", "Pine", "Lantern", "Ferry", "Kiln", "Plum", "Reed", "Market", "Mill", "Well")
# Fixes the place once and for all.
PLACE_SEED = 20230101
PLACE_KINDS = ("home", "street", "enterprise", "transport", "school")
_PLACE_SHARES = (0.42, 0.30, 0.16, 0.07, 0.05)


@dataclass(frozen=True)
class District:
    """A district, with its planted median response to an incident and to a request."""

    group_id: str
    code: str
    title_en: str
    title_zh: str
    incident_response_seconds: int
    request_response_minutes: int


@dataclass(frozen=True)
class Beat:
    """A beat: residents at the start of 2023, share of them without local registration, weight of its crime."""

    code: str
    district: int
    title_en: str
    title_zh: str
    peer_group: str
    population: int
    new_citizen_share: float
    crime_weight: float


DISTRICTS = (
    District("heting", "HT", "Heting", "荷汀", 420, 90),
    District("liupu", "LP", "Liupu", "柳浦", 510, 150),
    District("songyu", "SY", "Songyu", "松屿", 780, 240),
    District("zhuqiao", "ZQ", "Zhuqiao", "竹桥", 480, 120),
    District("meian", "MA", "Meian", "梅岸", 600, 180),
    District("luzhu", "LZ", "Luzhu", "芦渚", 900, 300),
)

_BEATS = """
HT01 Donghe 东荷 core 31200 .22 1.6|HT02 Xiting 西汀 core 28400 .25 1.5
HT03 Lianqiao 莲桥 mixed 24100 .38 1.3|HT04 Cailing 采菱 residential 22800 .15 0.8
LP01 Changdi 长堤 core 26900 .20 1.3|LP02 Liuan 柳岸 residential 23500 .12 0.7
LP03 Dukou 渡口 mixed 18200 .41 1.2|LP04 Qingtang 青塘 residential 20600 .14 0.6
SY01 Songpo 松坡 residential 15100 .10 0.5|SY02 Shiji 石矶 rural 8300 .08 0.4
SY03 Dengta 灯塔 rural 7600 .09 0.4|SY04 Wanghai 望海 residential 13900 .13 0.6
ZQ01 Zhuli 竹里 residential 24800 .17 0.8|ZQ02 Nanqiao 南桥 mixed 22100 .33 1.1
ZQ03 Beiqiao 北桥 core 27300 .24 1.4|ZQ04 Ciyao 瓷窑 industrial 16700 .47 1.2
MA01 Meiyuan 梅园 residential 21900 .16 0.7|MA02 Shuyuan 书院 core 19400 .19 1.0
MA03 Jiushi 旧市 mixed 25600 .35 1.4|MA04 Xinshi 新市 mixed 23200 .31 1.1
LZ01 Luhua 芦花 rural 9100 .11 0.4|LZ02 Bailu 白鹭 rural 8800 .07 0.3
LZ03 Yuwan 渔湾 industrial 12300 .44 0.9|LZ04 Gongyuan 工园 industrial 17500 .52 1.1
"""


def _beats() -> tuple[Beat, ...]:
    by_code = {district.code: position for position, district in enumerate(DISTRICTS)}
    rows = [row.split() for line in _BEATS.strip().splitlines() for row in line.split("|")]
    return tuple(
        Beat(code, by_code[code[:2]], en, zh, peers, int(people), float(share), float(weight))
        for code, en, zh, peers, people, share, weight in rows
    )


BEATS = _beats()
BEAT_CODES = tuple(beat.code for beat in BEATS)
DISTRICT_OF_BEAT: npt.NDArray[np.int64] = np.array([beat.district for beat in BEATS])


def beat_number(code: str) -> int:
    """Return the position of a beat by its code."""
    return BEAT_CODES.index(code)


def area_id(code: str) -> str:
    """Return the id of a beat in the warehouse and in releases, from its code."""
    return f"beat-{code}"


def text_column(texts: Sequence[str], at: npt.NDArray[np.integer]) -> pl.Series:
    """Return the texts at the given positions; an empty text is null."""
    return pl.Series([text or None for text in texts], dtype=pl.String).gather(pl.Series(at))


def _cell(number: int) -> tuple[int, int]:
    """Return column and row of a beat in the grid: districts are blocks of two by two."""
    district, inner = divmod(number, 4)
    return district % 3 * 2 + inner % 2, district // 3 * 2 + inner // 2


@functools.cache
def _corners() -> npt.NDArray[np.float64]:
    """Return longitude and latitude of the grid's corners, shape (columns + 1, rows + 1, 2), moved a little."""
    rng = np.random.Generator(np.random.PCG64(PLACE_SEED))
    grid = np.stack(np.meshgrid(np.arange(COLUMNS_OF_BEATS + 1), np.arange(ROWS_OF_BEATS + 1), indexing="ij"), -1)
    moved = grid + rng.uniform(-0.14, 0.14, grid.shape)
    corners: npt.NDArray[np.float64] = np.array([_WEST, _SOUTH]) + moved * np.array([_CELL_LON, _CELL_LAT])
    return corners


def ring(number: int) -> list[list[float]]:
    """Return the closed outline of a beat: four corners, longitude and latitude in degrees."""
    column, row = _cell(number)
    at = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1), (column, row)]
    return [[round(float(value), 6) for value in _corners()[place]] for place in at]


def area_km2(number: int) -> float:
    """Return the area of a beat in square kilometres."""
    points = np.array(ring(number))
    x, y = points[:, 0], points[:, 1]
    return round(abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2 * _KM2_PER_SQUARE_DEGREE, 4)


@dataclass(frozen=True)
class Addresses:
    """Every address, those of a beat one after another from `beat × 1024`, the most visited first."""

    lon: pl.Series
    lat: pl.Series
    text: pl.Series
    place_kind: pl.Series


@functools.cache
def addresses() -> Addresses:
    """Return the addresses: coordinates as text with six decimals, well inside their beat."""
    rng = np.random.Generator(np.random.PCG64(PLACE_SEED + 1))
    blocks = ADDRESSES_PER_BEAT // ADDRESSES_PER_BLOCK
    points = []
    for number in range(len(BEATS)):
        column, row = _cell(number)
        u, v = rng.uniform(0.12, 0.88, (2, blocks, 1))
        a, b, c, d = (_corners()[column + i, row + j] for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
        centres = a * (1 - u) * (1 - v) + b * u * (1 - v) + c * u * v + d * (1 - u) * v
        spread = rng.uniform(-1, 1, (blocks, ADDRESSES_PER_BLOCK, 2)) * np.array([0.00045, 0.0003])
        points.append((centres[:, None, :] + spread).reshape(-1, 2))
    lon, lat = np.concatenate(points).T
    kinds = rng.choice(len(PLACE_KINDS), len(lon), p=_PLACE_SHARES)
    street = rng.integers(0, len(_STREETS), (len(BEATS), blocks)).repeat(ADDRESSES_PER_BLOCK)
    texts = [
        f"{at % ADDRESSES_PER_BEAT + 1} {_STREETS[street[at]]} Road {BEATS[at // ADDRESSES_PER_BEAT].title_en}"
        for at in range(len(lon))
    ]
    return Addresses(
        pl.Series([f"{value:.6f}" for value in lon]),
        pl.Series([f"{value:.6f}" for value in lat]),
        pl.Series(texts),
        text_column(PLACE_KINDS, kinds),
    )


@functools.cache
def address_table() -> npt.NDArray[np.uint16]:
    """Return the address of a beat by a random 16-bit number: few addresses have most of what happens (Zipf)."""
    weights = 1 / (np.arange(ADDRESSES_PER_BEAT) + 6.0) ** 0.95
    return slots(weights).astype(np.uint16)


def slots(weights: npt.ArrayLike, size: int = 1 << 16) -> npt.NDArray[np.int64]:
    """Return a table of positions in which each has its share of the slots, so that shares are known exactly."""
    return _slots(tuple(np.asarray(weights, dtype=float).tolist()), size)


@functools.cache
def _slots(weights: tuple[float, ...], size: int) -> npt.NDArray[np.int64]:
    shares = np.cumsum(weights)
    edges = np.round(shares / shares[-1] * size).astype(np.int64)
    table = np.repeat(np.arange(len(edges)), np.diff(edges, prepend=0))
    table.flags.writeable = False
    return table


def write_areas(folder: Path) -> None:
    """Write the beats' shapes (GeoJSON) and their residents at the census of 2022 (CSV)."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "beat": beat.code,
                "beat_en": beat.title_en,
                "beat_zh": beat.title_zh,
                "district": DISTRICTS[beat.district].group_id,
                "peer_group": beat.peer_group,
                "area_km2": area_km2(number),
            },
            "geometry": {"type": "Polygon", "coordinates": [ring(number)]},
        }
        for number, beat in enumerate(BEATS)
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    (folder / "beats.geojson").write_text(
        f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8"
    )
    census = "".join(f"{beat.code},{beat.population}\n" for beat in BEATS)
    (folder / "census_2022.csv").write_text(f"beat,residents\n{census}", encoding="utf-8")
