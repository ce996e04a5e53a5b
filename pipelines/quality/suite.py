"""All that is expected of a warehouse.

What belongs here: which declarations apply to which stage. What does not: their forms (`declarations`).
"""

from collections.abc import Iterable
from pathlib import Path

from dbt_like_sql.project import Project
from indicators.catalogue.entries import Entry
from pipelines.quality.declarations import Expectation, project_expectations, read_expectations

FOLDER = Path(__file__).parent
# Kinds whose numerator counts events or records, each in one area.
_ADDITIVE = ("rate", "weighted_rate", "proportion")


def warehouse_expectations(project: Project) -> list[Expectation]:
    """Give what is expected of staging tables, facts and measures: before indicators are computed."""
    return [*loading_expectations(), *project_expectations(project)]


def loading_expectations() -> list[Expectation]:
    """Give what is expected of what loading writes, beyond what the SQL models declare of their sources."""
    return read_expectations(FOLDER / "staging_tables.yml")


def indicator_expectations(entries: Iterable[Entry]) -> list[Expectation]:
    """Give what is expected of the computed indicators.

    Parameters
    ----------
    entries
        The catalogue; their kinds say whose numerators add up over areas, and which figures are percentages.
    """
    kinds = {entry.id: entry.kind for entry in entries}
    return read_expectations(
        FOLDER / "indicator_tables.yml",
        lists={
            "proportions": [indicator for indicator, kind in kinds.items() if kind == "proportion"],
            "additive": [indicator for indicator, kind in kinds.items() if kind in _ADDITIVE],
        },
    )
