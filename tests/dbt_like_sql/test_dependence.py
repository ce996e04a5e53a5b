"""What sums rest on: against what DuckDB makes of them when a column is spoiled, and at the edges."""

from typing import Any

import pytest

from dbt_like_sql.dependence import dependence
from dbt_like_sql.lineage import bundled_lineage
from dbt_like_sql.project import Model, Project
from indicators.catalogue.measures import MEASURES
from tests.dbt_like_sql.generated_rows import rows_of

# No multiple of 7: every row gets another's value.
ROWS = 150


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["incident", "patrol", "service", "handoff", "receipt"])
def test_a_sum_that_changes_with_a_column_rests_on_it(kind: str, project: Project, new_warehouse: Any) -> None:
    """Each column of a source table is emptied, and dealt out anew among its rows."""
    warehouse = new_warehouse()
    for source in project.sources:
        rows = rows_of(project, source, seed=1)
        warehouse.insert_rows(source.name, rows[:ROWS] if source.name == kind else rows)
    read = {kind}
    models: list[Model] = []
    for model in project.models:
        if read & {*model.depends_on, *model.sources}:
            read.add(model.name)
        warehouse.con.execute(f"create schema if not exists {model.schema}")
        warehouse.con.execute(f"create view {model.relation} as {model.compiled_sql}")
        if model.name in read and model.name in MEASURES and model.name != "msr_completeness_day":
            models.append(model)
    assert models
    sums = {(model.relation, count): f"sum({count})" for model in models for count in MEASURES[model.name].counts}

    def seen() -> dict[tuple[str, str], Any]:
        found = {}
        for model in models:
            named = [key for key in sums if key[0] == model.relation]
            (row,) = warehouse.rows(f"select {', '.join(sums[key] for key in named)} from {model.relation}")
            found.update(zip(named, row, strict=True))
        return found

    rests = {key: dependence(project, bundled_lineage(), key[0], [key[1]]).columns for key in sums}
    before, moved = seen(), 0
    for column in project.source_columns(kind):
        for spoiling in (
            f"update staging.{kind} set {column} = null",
            f"update staging.{kind} set {column} = dealt.{column} from staging.{kind} as dealt "
            f"where dealt.rowid = ({kind}.rowid * 7 + 3) % {ROWS}",
        ):
            warehouse.con.begin()
            warehouse.con.execute(spoiling)
            after = seen()
            warehouse.con.rollback()
            changed = {key for key in sums if before[key] != after[key]}
            moved += len(changed)
            assert not {key for key in changed if (f"staging.{kind}", column) not in rests[key]}, column
    assert moved >= len(models)


def test_what_is_only_grouped_by_does_not_matter(project: Project) -> None:
    found = dependence(project, bundled_lineage(), "measures.msr_patrol_day", ["patrol_seconds"])
    staged = {column for relation, column in found.columns if relation == "staging.patrol"}
    assert staged == {"duration_seconds"}
    assert "staging.patrol" in found.relations
    # But where a later model counts the rows that a group makes, it does.
    found = dependence(project, bundled_lineage(), "measures.msr_incident_basis_day", ["with_agency"])
    assert ("staging.incident", "agencies") in found.columns


def test_what_a_model_reads_out_of_sight_matters_whole(project: Project) -> None:
    """Days that loads have changed are read only where a model is made in part."""
    found = dependence(project, bundled_lineage(), "measures.msr_patrol_day", [])
    assert {column for relation, column in found.columns if relation == "staging.affected_day"} >= {"day", "kind"}


def test_a_source_table_rests_on_itself(project: Project) -> None:
    found = dependence(project, bundled_lineage(), "staging.severity_weight", ["weight"])
    assert (found.columns, found.relations) == ({("staging.severity_weight", "weight")}, {"staging.severity_weight"})


def test_an_undocumented_column_is_refused(project: Project) -> None:
    with pytest.raises(KeyError, match="documents no column nonsense"):
        dependence(project, bundled_lineage(), "measures.msr_patrol_day", ["nonsense"])
