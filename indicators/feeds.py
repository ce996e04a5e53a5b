"""Which rows of the measures feed an indicator, or why none do.

Belongs here: needs, filters, and the choice of sources. Not here: which days those sources cover (`coverage`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import KINDS_BESIDE, MEASURES
from indicators.catalogue.parts import Alternative, Condition
from indicators.inputs import Inputs


@dataclass(frozen=True)
class Feed:
    """Rows that an indicator counts.

    Attributes
    ----------
    entry : Entry
    rows : DataFrame
        Rows of the measure that pass the filter of the denominator (of the numerator for rates), with `kind`.
    sources : DataFrame
        Distinct source and kind that the rows come from.
    geographies : list of str
        Geographies in which those sources locate their records, sorted.
    """

    entry: Entry
    rows: pl.DataFrame
    sources: pl.DataFrame
    geographies: list[str]

    @property
    def measure(self) -> str:
        """Name of the measure that the rows are of."""
        return self.entry.opened_measure or self.entry.measure or ""


def find_feed(entry: Entry, inputs: Inputs) -> Feed | str:
    """The feed of an entry, or the reason codes (joined by `;`) that leave it not available.

    A source that does not map every field that the entry needs does not feed it: its records would look like
    records with the field empty.
    """
    reasons = missing_needs(entry, inputs)
    if entry.measure is None and not reasons:
        reasons = ["no_measure"]
    if not reasons and entry.kind == "weighted_rate" and inputs.severity_weights.is_empty():
        reasons = ["needs_weights"]
    if reasons or entry.measure is None:
        return ";".join(reasons)
    rows = inputs.measure(entry.opened_measure or entry.measure)
    if entry.kind == "weighted_rate":
        rows = rows.join(inputs.severity_weights.select("category", "weight"), on="category")
    selection = entry.denominator or entry.numerator
    rows = rows.filter(passes(selection.where if selection else entry.where))
    # The rows are many, where they come from is said in few.
    origins = rows.select("source", "kind", "geography").unique()
    is_mapped = pl.col("source").is_in(mapping_sources(entry, inputs, origins)["source"].implode())
    if origins.filter(~is_mapped).height:
        rows, origins = rows.filter(is_mapped), origins.filter(is_mapped)
    if origins.is_empty():
        return "nothing_to_count"
    geographies = sorted(origins["geography"].unique().to_list())
    if entry.kind in ("rate", "weighted_rate") and not _has_population(geographies, inputs):
        return "needs_population"
    return Feed(entry, rows, origins.select("source", "kind").unique().sort("source", "kind"), geographies)


def _has_population(geographies: Sequence[str], inputs: Inputs) -> bool:
    """Whether residents are known for any area of some geographies."""
    areas = inputs.areas.filter(pl.col("geography").is_in(geographies))
    resident = inputs.profile.filter(pl.col("population").is_not_null())
    return not areas.join(resident, on="area_id", how="semi").is_empty()


def passes(where: Sequence[Alternative]) -> pl.Expr:
    """Whether a row of the measure passes any of the alternatives, or there are none; never null."""
    if not where:
        return pl.lit(True)
    return pl.any_horizontal(
        pl.all_horizontal(
            # A condition is written in texts, also of a number such as a priority.
            [_holds(pl.col(dimension).cast(pl.String), condition) for dimension, condition in alternative.items()]
        )
        for alternative in where
    )


def _holds(value: pl.Expr, condition: Condition) -> pl.Expr:
    holds = []
    if condition.values is not None:
        holds.append(value.is_in(condition.values).fill_null(False))
    if condition.prefix is not None:
        holds.append(pl.any_horizontal(value.str.starts_with(p) for p in condition.prefix).fill_null(False))
    if condition.excluded is not None:
        holds.append(~value.is_in(condition.excluded).fill_null(False))
    return pl.all_horizontal(holds)


def missing_needs(entry: Entry, inputs: Inputs) -> list[str]:
    """Reason codes of the needs that the data do not carry."""
    known_kinds = set(inputs.sources["kind"]) | set(inputs.field_map["kind"]) | {"profile"}
    mapped = set(inputs.field_map.filter("is_mapped").select("kind", "field").iter_rows())
    # Profiles come with the pack's areas rather than from a mapped source.
    mapped |= {("profile", c) for c in inputs.profile.columns if inputs.profile[c].is_not_null().any()}
    reasons = []
    for need in entry.needs:
        kind, field = need.split(".", 1)
        if kind not in known_kinds:
            reasons.append(f"needs_kind:{kind}")
        elif (kind, field) not in mapped:
            reasons.append(f"needs_field:{need}")
    return list(dict.fromkeys(reasons))


def possible_sources(entry: Entry, inputs: Inputs) -> list[str]:
    """Sources that could feed an entry by what they are and map, whether or not they have a row that passes; sorted."""
    if not entry.is_computed:
        return []
    of_another = "survey" if entry.survey else "profile"
    kinds = {MEASURES[part.measure].kind if part.measure else of_another for part in entry.parts}
    declared = inputs.sources.select("source", "kind")
    if entry.survey:
        asked = inputs.questionnaire
        declared = declared.filter(source=asked.source) if asked else declared.clear()
    if None not in kinds:
        declared = declared.filter(pl.col("kind").is_in([kind for kind in kinds if kind]))
    return sorted(mapping_sources(entry, inputs, declared)["source"])


def sources_beside(entry: Entry, inputs: Inputs) -> pl.DataFrame:
    """Sources of the other kind of records that an entry rests on, of those that map what it needs; maybe none."""
    kind = KINDS_BESIDE.get((entry.kind, entry.measure or ""), "")
    others = inputs.sources.filter(kind=kind).select("source", "kind")
    return mapping_sources(entry, inputs, others).sort("source")


def mapping_sources(entry: Entry, inputs: Inputs, rows: pl.DataFrame) -> pl.DataFrame:
    """Sources among `rows` that map every needed field of the rows' kind."""
    sources = rows.select("source", "kind").unique()
    fields = inputs.field_map.filter("is_mapped").select("source", "kind", "field").unique()
    for need in entry.needs:
        kind, field = need.split(".", 1)
        maps_it = fields.filter((pl.col("kind") == kind) & (pl.col("field") == field)).select("source", "kind")
        sources = pl.concat(
            [sources.filter(pl.col("kind") != kind), sources.join(maps_it, on=["source", "kind"], how="semi")]
        )
    return sources.select("source").unique()
