"""What an engineer would write for New York alone: its files to the same measures with DuckDB, and nothing else.

Here: the yardstick that Wardlight's load is timed against. It keeps no account of records, quarantines nothing,
judges nothing, computes no indicator and publishes no release. Usage: by_hand.py DATA_FOLDER DATABASE
"""

import gzip
import json
import sys
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import shapely

HERE = Path(__file__).parent
AS_OF = "2016-12-31"
BOROUGHS = {"1": "Manhattan", "2": "Bronx", "3": "Brooklyn", "4": "Queens", "5": "Staten Island"}


def features(path: Path, key: str) -> dict[str, shapely.Geometry]:
    """Return the shapes of a gzipped GeoJSON file by a property."""
    content = json.loads(gzip.decompress(path.read_bytes()))["features"]
    return {str(item["properties"][key]): shapely.from_geojson(json.dumps(item["geometry"])) for item in content}


def main(data: Path, database: Path) -> None:
    """Load the files in `data` and write the measures into `database`."""
    con = duckdb.connect(str(database))
    con.execute(f"set variable data = '{data}'; set variable as_of = date '{AS_OF}'")
    con.execute((HERE / "by_hand_read.sql").read_text())

    # The last one written wins on a common border: the first by name.
    precincts = features(data / "precincts_77.geojson.gz", "police_precinct_id")
    precincts = dict(sorted(precincts.items(), reverse=True))
    points = con.sql("select x, y from theft union select x, y from victim where x is not null and y is not null").pl()
    tree = shapely.STRtree([shapely.make_valid(shape) for shape in precincts.values()])
    point, precinct = tree.query(shapely.points(points["x"], points["y"]), predicate="intersects")
    area = np.full(len(points), None, dtype=object)
    ids = [f"precinct-{key}" for key in precincts]
    for at in np.argsort(precinct, kind="stable"):
        area[point[at]] = ids[precinct[at]]
    located = points.with_columns(pl.Series("area_id", area.tolist(), dtype=pl.String))
    con.execute("create temp table point as from located")

    districts = features(data / "community_districts.geojson.gz", "boro_cd")
    boards = pl.DataFrame(
        [
            {"board": f"{number} {BOROUGHS[code[0]]}", "area_id": f"community_district-{code}"}
            for code in districts
            for number in {code[1:], str(int(code[1:]))}
        ]
    )
    con.register("boards", boards)
    con.execute("create temp table district as from boards")
    con.execute((HERE / "by_hand_measures.sql").read_text())
    con.close()
    del located


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
