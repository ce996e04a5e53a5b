"""The code location that Dagster loads: everything in `defs/`, and no more."""

from pathlib import Path

import dagster as dg

defs = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
