"""The six dimensions of data quality, of which every expectation judges one.

Here: their names (DAMA UK, The Six Primary Dimensions for Data Quality Assessment, 2013), which of them a kind of
expectation judges where its declaration does not say otherwise, and which a table is not judged by, and why. Not
here: the expectations themselves (the yml files), and scores made of them.
"""

from collections.abc import Mapping
from typing import Literal, get_args

Dimension = Literal["completeness", "validity", "uniqueness", "timeliness", "consistency", "accuracy"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_OF_KIND: Mapping[str, Dimension] = {
    "ExpectColumnPairValuesAToBeGreaterThanB": "consistency",
    "ExpectColumnPairValuesToBeEqual": "consistency",
    "ExpectColumnProportionOfNonNullValuesToBeBetween": "completeness",
    "ExpectColumnProportionOfUniqueValuesToBeBetween": "uniqueness",
    "ExpectColumnUniqueValueCountToBeBetween": "uniqueness",
    "ExpectColumnValuesToBeUnique": "uniqueness",
    "ExpectColumnValuesToNotBeNull": "completeness",
    "ExpectCompoundColumnsToBeUnique": "uniqueness",
    "ExpectMulticolumnSumToEqual": "consistency",
    "ExpectTableRowCountToBeBetween": "completeness",
    "ExpectTableRowCountToEqual": "completeness",
}

# Of a layer as a whole, or of one table in it, what cannot be judged there, with the reason.
NOT_JUDGED: Mapping[str, Mapping[Dimension, str]] = {
    "ledger": {
        "timeliness": "the ledger notes what came; how old its records are is judged in staging and measures",
        "accuracy": "the ledger counts rows, and accounts for each of them by an identity",
    },
    "facts": {
        "accuracy": "facts restate the values of staging, whose places, hours and lengths are judged there",
    },
    "measures": {
        "accuracy": "counts are as true as the facts that they count, and account for each of them by an identity",
    },
    "extracts": {
        "timeliness": "extracts restate facts by month; when records came is judged in staging and measures",
        "accuracy": "extracts restate facts, and account for each of them by an identity",
    },
    "profiles": {
        "timeliness": "profiles count delays: whether a day's are unusual is judged against the source's own past",
        "accuracy": "profiles count what facts hold, and account for each record by an identity",
    },
    "quality": {
        "accuracy": "no truth is known to hold verdicts against; benchmarks measure their false alarms",
    },
}


def of_kind(kind: str) -> Dimension:
    """Return the dimension that a kind of expectation judges unless told otherwise.

    Bounds and sets of values say what a value may be at all: validity.
    """
    return _OF_KIND.get(kind, "validity")
