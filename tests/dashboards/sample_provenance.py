"""Where the figures of the sample release come from: definitions, sources, batches by month, checks, and the run."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

READ = datetime.fromisoformat("2017-01-01T03:31:12")
COUNTED_BY = {"incident": "possible_day", "patrol": "day", "service": "due_day"}
MANIFEST = {
    "as_of": "2016-12-31",
    "previous": "2016-12-30-0006-0ff1ce00",
    "data_window": {"first_day": "2014-01-01", "last_day": "2016-12-31"},
    "trigger": "schedule:every_night",
    "run_id": "0d9a7c52-run",
    "code_version": "0.1.0",
    "code_hash": "c0de",
    "pack_hash": "beef",
    "catalogue_hash": "ca7a",
    "content_hash": "c0ffee",
    "disclosure": "open",
}


def definition(unit: str, kind: str) -> str:
    """Give what the definition's hash is of: a hundredth of the counts, of some categories of incidents."""
    where = [
        {"category": {"prefix": ["05"]}, "found_by": {"excluded": ["patrol"]}},
        {"local_category": {"values": ["x"]}},
    ]
    return json.dumps(
        {
            "kind": "proportion" if unit == "%" else "rate",
            "measure": f"msr_{kind}_day",
            "numerator": {"column": f"{kind}s", "where": where if kind == "incident" else []},
            "denominator": {"column": "known", "where": []} if unit == "%" else None,
            "per": 100.0,
            "scale": 1000.0,
        }
    )


def tables(
    indicators: Mapping[str, Mapping[str, Any]],
    kinds: Mapping[str, str],
    quality: Mapping[str, Iterable[tuple[Any, ...]]],
) -> dict[str, list[tuple[Any, ...]]]:
    """Make the tables of provenance, and the ledger with its files.

    Parameters
    ----------
    indicators
        The sample's, with the source of each.
    kinds
        Kind by source.
    quality
        Tables of the records' quality: their ledger, months and verdicts are built upon.
    """
    fed = {name: str(own["source"]) for name, own in indicators.items() if not own["reason"]}
    months = [
        (source, f"b-{source}", counted_by, month, records, 3 if source == "cases" else 0)
        for source, month, records, _, status in quality["source_month"]
        if status != "silent"
        for counted_by in dict.fromkeys(("day", COUNTED_BY[kinds[source]]))
    ]
    # One record that was before the new year may have happened after it.
    months += [
        ("thefts", "b-late", "day", date(2015, 12, 1), 1, 0),
        *(("thefts", "b-late", "possible_day", month, 1, 0) for month in (date(2015, 12, 1), date(2016, 1, 1))),
    ]
    late = ("thefts", "b-late", 1, 1, 0, 0, 0, 0, 0, 0, 0, True)
    judging = [(row[2], row[1], row[3]) for row in quality["expectation_results"] if row[1] != "patrol"]
    return {
        # The late record is one of those that the source has in all.
        "ledger": [
            (
                *row[:2],
                row[2] - (row[0] == "thefts"),
                row[3] - (row[0] == "thefts"),
                *row[4:],
                f"data/{row[0]}.csv",
                READ,
            )
            for row in quality["ledger"]
        ]
        + [(*late, "data/late.csv", READ)],
        "batch_months": months,
        "indicator_sources": [
            *((name, source, "feeding", COUNTED_BY[kinds[source]], 0) for name, source in fed.items()),
            ("B1_theft", "shootings", "possible", "possible_day", 0),
        ],
        "indicator_checks": [(name, *check) for name in fed for check in judging],
    }
