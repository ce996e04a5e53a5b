"""New York's vehicle thefts by precinct, as the demonstrations read them from the bundled pack."""

import gzip
import json
from functools import cache
from pathlib import Path

import polars as pl
import shapely

DATA = Path(__file__).parents[2] / "cities" / "nyc" / "data"


@cache
def vehicle_thefts() -> pl.DataFrame:
    """One row per theft in a precinct: area_id, and the day on which it began."""
    with gzip.open(DATA / "precincts_77.geojson.gz") as file:
        features = json.load(file)["features"]
    precincts = [f["properties"]["police_precinct_id"] for f in features]
    tree = shapely.STRtree([shapely.geometry.shape(f["geometry"]) for f in features])
    rows = pl.read_csv(DATA / "vehicle_thefts_2014_2017.csv.gz").with_row_index("theft")
    points = shapely.points(rows["longitude"].to_numpy(), rows["latitude"].to_numpy())
    theft, precinct = tree.query(points, predicate="intersects")
    located = pl.DataFrame({"theft": theft, "area_id": [str(precincts[n]) for n in precinct]}).cast(
        {"theft": pl.UInt32}
    )
    return (
        rows.select("theft", day=pl.col("date_start").str.slice(0, 10).str.to_date())
        .join(located.unique("theft", keep="first", maintain_order=True), on="theft")
        .select("area_id", "day")
    )


@cache
def residents() -> pl.DataFrame:
    """Residents of each precinct in the census of 2020: area_id, residents."""
    rows = pl.read_csv(DATA / "precinct_population_2020.csv")
    return rows.select(area_id=pl.col("precinct").cast(pl.String), residents="population")
