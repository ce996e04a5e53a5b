"""The quality grade of a figure, A to D, and the reason for it.

Belongs here: what share of the records behind a figure cannot be used, why, and what that is worth. Not here: how far
they could move the figure (`bounds`), which puts each of them where it hurts most.
"""

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.cells import unallocated

# Of each cause, by its code: the records concerned, as a share of those that they are among.
CAUSES = ("refused", "time_unknown", "area_unknown", "value_missing", "conflicting")
NOTHING_UNUSABLE = {f"share_{cause}": pl.lit(0.0) for cause in CAUSES}
# Up to these shares of unusable records a figure is graded A, B, C.
MOST = {"A": 0.01, "B": 0.05, "C": 0.2}
# A smaller share than this is not worth a word.
WORTH_TELLING = 0.0005


def unusable_shares(entry: Entry) -> dict[str, pl.Expr]:
    """Expected share of unusable records, from 0 to 1, by cause: columns `share_<cause>`.

    Of all the area's own records, in use or not: those refused by a rule (of known day), those lacking the value, and
    those of which another version contradicts the one in use. Of the geography's records: those whose area is not
    known, unless the area holds them anyway. Of the sources' records: those refused whose time is not known.
    """
    own = pl.col("records") + pl.col("missing") + pl.col("located")
    stray = unallocated(entry, "records")
    return {
        "share_refused": _share(pl.col("located"), own),
        "share_time_unknown": pl.col("undated_share"),
        "share_area_unknown": _share(stray, pl.col("records_everywhere")),
        "share_value_missing": _share(pl.col("missing"), own),
        "share_conflicting": _share(pl.col("contested") - pl.col("doubled"), own),
    }


def with_unusable(entry: Entry, cells: pl.DataFrame) -> pl.DataFrame:
    """Cells with `unusable` and the shares of `unusable_shares`, of a kind of figure that has no bounds."""
    in_doubt = pl.col("refused") + pl.col("contested") - pl.col("doubled")
    unusable = pl.col("missing") + in_doubt + unallocated(entry, "records")
    return cells.with_columns(unusable=unusable.ceil().cast(pl.Int64), **unusable_shares(entry))


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(part > 0).then(part / whole).otherwise(0.0).clip(0, 1)


def grade() -> pl.Expr:
    """Grade by the shares of `unusable_shares` together; a period that the sources cover only in part gets D."""
    share = pl.sum_horizontal(f"share_{cause}" for cause in CAUSES)
    is_whole = pl.col("have_days") == pl.col("span_days")
    letters = (pl.when(is_whole & (share <= most)).then(pl.lit(letter)) for letter, most in MOST.items())
    return pl.coalesce(*letters, pl.lit("D"))


def grade_reason() -> pl.Expr:
    """Codes of what the grade rests on, joined by `;`: `<cause>:<percent>` and `partial_records:<have>/<days>`.

    Null where every record is usable and every day covered.
    """
    told = [
        pl.when(pl.col(f"share_{cause}") >= WORTH_TELLING).then(
            pl.format(f"{cause}:{{}}", (pl.col(f"share_{cause}") * 100).round(1))
        )
        for cause in CAUSES
    ]
    partial = pl.when(pl.col("have_days") < pl.col("span_days")).then(
        pl.format("partial_records:{}/{}", "have_days", "span_days")
    )
    codes = pl.concat_str(partial, *told, separator=";", ignore_nulls=True)
    return pl.when(codes != "").then(codes)
