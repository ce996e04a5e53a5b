"""Counts of the tables that tell of sources and checks, as they may be shown where the pack protects counts.

Figures are protected before they are computed (`indicators/protected_cells`). What a source delivered, refused and was
found out about is counted over the whole city; exact, it would tell the totals that are not shown of figures, and the
few of a kind. Here: the same rounding one by one, as SQL. Not here: the rules of a profile (`indicators/disclosure`).
"""

from collections.abc import Iterable, Mapping

from indicators.disclosure import Disclosure, rounding

OUTCOMES = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
# Counts by the table of a release; the ledger's are more than rounded, see `_ledger`.
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "quarantine_summary": ("row_count",),
    "expectation_results": ("failed_count",),
    "expectation_history": ("failed_count",),
    "source_span": ("records",),
    "source_month": ("records", "expected"),
    "source_finding": ("count",),
    "source_stability": ("records", "reference_records"),
}


def shown(count: str, disclosure: Disclosure) -> str:
    """Compose what is shown of a count: the same as `Disclosure.show`, but that none at all is always told."""
    first, last, steps = rounding(disclosure.profile)
    # The coarsest step that the count reaches is the one that holds.
    above = " ".join(
        f"when {count} >= {start} then ({count} + {step // 2}) // {step} * {step}" for start, step in reversed(steps)
    )
    withheld = f"when {count} between {max(first, 1)} and {last} then {(first + last) // 2}"
    return f"case {withheld} {above} else {count} end::bigint"


def protected(queries: Mapping[str, str], disclosure: Disclosure) -> dict[str, str]:
    """Return the queries of a release with the counts of sources and checks as a profile shows them."""
    if disclosure.is_exact:
        return dict(queries)
    replaced: dict[str, Mapping[str, str]] = {
        table: {column: shown(column, disclosure) for column in columns} for table, columns in _COUNTS.items()
    }
    # What was judged may be a count, or a value of a single record.
    replaced["expectation_results"] = {**replaced["expectation_results"], "observed": "null::varchar"}
    replaced["source_drift"] = {
        "rows": shown("rows", disclosure),
        "share_ppm": "((share_ppm + 5000) // 10000 * 10000)::bigint",
    }
    replaced["source_anomaly"] = _of_anomalies(disclosure)
    # How many records a batch has of a month, or a score is of, stays unsaid.
    replaced["batch_months"] = {"records": "null::bigint", "refused": "null::bigint"}
    replaced["quality_score"] = {"numerator": "null::bigint", "denominator": "null::bigint", "score": "round(score)"}
    found = {
        table: _replacing(query, replaced[table]) if table in replaced else query for table, query in queries.items()
    }
    if "ledger" in found:
        found["ledger"] = _ledger(found["ledger"], disclosure)
    return found


def _replacing(query: str, columns: Mapping[str, str]) -> str:
    listed = ", ".join(f"{value} as {name}" for name, value in columns.items())
    return f"select * replace ({listed}) from ({query}) as counted"


def _of_anomalies(disclosure: Disclosure) -> dict[str, str]:
    """Round what was observed of volumes as counts, else as whole percents."""
    told = ("observed", "expected", "low", "high")
    volumes = {name: shown(f"round({name})::bigint", disclosure) for name in told}
    columns = {name: f"case when metric = 'volume' then {volumes[name]} else round({name}, 2) end" for name in told}
    return {**columns, "records": shown("records", disclosure)}


def _ledger(query: str, disclosure: Disclosure) -> str:
    """Round outcomes, and let what was read be their sum, so that each line balances; no more leaves than came."""
    rounded = _replacing(query, {each: shown(each, disclosure) for each in (*OUTCOMES, "replaced", "deleted")})
    gone = {"replaced": "least(replaced, accepted)", "deleted": "least(deleted, accepted - least(replaced, accepted))"}
    return _replacing(rounded, {'"read"': _sum(OUTCOMES), **gone})


def _sum(names: Iterable[str]) -> str:
    return f"({' + '.join(names)})::bigint"
