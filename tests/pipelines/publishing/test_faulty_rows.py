"""Every published table is judged, and what is wrong in one is left out of the release, and nothing else."""

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines.defs.figures import PUBLISHED
from pipelines.publishing import tables
from pipelines.publishing.faulty_rows import relations
from pipelines.quality.suite import indicator_expectations, published_expectations, warehouse_expectations

# Read by queries of a release without expectations of their own, with the reason.
NOT_JUDGED = {
    "quality.expectation_history": "the verdicts themselves: what they say is tested, and they judge all else",
}


def test_every_table_that_a_release_is_made_of_has_expectations() -> None:
    declared = [
        *warehouse_expectations(load_project()),
        *indicator_expectations(load_catalogue()),
        *published_expectations(),
    ]
    judged = {f"{each.layer}.{each.table}" for each in declared}
    for table, query in tables.QUERIES.items():
        read = relations(query)
        assert read, table
        assert read - NOT_JUDGED.keys() <= judged, f"{table}: no expectation in pipelines/quality/published_tables.yml"
    assert {f"indicators.{name}" for name in PUBLISHED} <= judged
    assert NOT_JUDGED.keys().isdisjoint(judged), "a reason that holds no longer"
