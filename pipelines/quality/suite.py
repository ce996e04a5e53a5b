"""All that is expected of a warehouse.

What belongs here: which declarations apply to which stage. What does not: their forms (`declarations`).
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from dbt_like_sql.project import Project
from indicators.catalogue.entries import Entry
from indicators.disclosure import EXACT, Disclosure
from pipelines.quality.declarations import Expectation, project_expectations, read_expectations

FOLDER = Path(__file__).parent
# Kinds whose numerator counts events or records, each in one area.
_ADDITIVE = ("rate", "weighted_rate", "proportion")
# Figures from counts that may be shown, where the pack protects them; rounded counts add up to no parent.
_PROTECTED = {"computed_values": "protected_values", "computed_limits": "protected_limits"}
_OF_EXACT_COUNTS = ("areas_add_up_to_parent",)


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


def candidate_expectations(entries: Iterable[Entry], disclosure: Disclosure = EXACT) -> list[Expectation]:
    """Give what is expected of the indicators before they are published.

    Where counts are protected, these are the indicators as computed and those from counts that may be shown, of which
    the same is expected, but that areas add up.
    """
    exact = indicator_expectations(entries)
    if disclosure.is_exact:
        return exact
    shown = [each for each in exact if each.table in _PROTECTED and each.name not in _OF_EXACT_COUNTS]
    return [*exact, *(replace(each, table=_PROTECTED[each.table]) for each in shown)]


def published_expectations() -> list[Expectation]:
    """Give what is expected of what is published beside the computed figures."""
    return read_expectations(FOLDER / "published_tables.yml")
