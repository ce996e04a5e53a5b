"""Quality: what became of every record, what the checks found, and which sources to believe."""

from typing import Any

import polars as pl

from dashboards import data_docs
from dashboards import elements as html
from dashboards.components.anomalies import drifted_fields, unusual_days
from dashboards.components.area_silence import silent_areas
from dashboards.components.checks import PASSED, check_grid, check_history, check_summary
from dashboards.components.context import Context
from dashboards.components.deliveries import delivery_changes
from dashboards.components.freshness import freshness_list
from dashboards.components.grid import grid, number_column, text_column, wrapped_column
from dashboards.components.layout import badge, empty_state, graph, page_head, panel, table
from dashboards.components.quality_score import quality_scores
from dashboards.figures.ledger import OUTCOMES, balance, ledger_figure
from dashboards.figures.volume import volume_figure

COUNTS = ("read", "accepted", *OUTCOMES)
AFTERWARDS = ("replaced", "deleted", "in_figures")
"""What became of accepted records with later deliveries, and what is left of them."""


def page(context: Context) -> Any:
    """Lay out the quality of the release."""
    words = context.words
    parts = {
        "records": [_ledger(context), _quarantine(context), _findings(context)],
        "sources": [quality_scores(context), _sources(context), silent_areas(context)],
        "deliveries": [delivery_changes(context), unusual_days(context), drifted_fields(context)],
        "checks": [_expectations(context), _gates(context)],
    }
    links = [html.A(words(f"quality.part.{name}"), href=f"#{name}", className="part-link") for name in parts]
    return [
        page_head(words("quality.title"), words("quality.lead")),
        html.Nav(links, className="part-links", **{"aria-label": words("quality.parts")}),
        *(html.Div(panels, id=name, className="part") for name, panels in parts.items()),
    ]


def _ledger(context: Context) -> Any:
    words, ledger = context.words, context.release.quality.ledger
    titles = context.source_titles
    total = {name: int(ledger[name].sum()) for name in (*COUNTS, *AFTERWARDS)}
    rest = balance(ledger)
    steps = [
        html.Li(
            [
                html.Span(words.number(total[name]), className="flow-number", id=f"flow-{name}"),
                html.Span(words(f"outcome.{name}"), className="flow-name"),
                html.Span(words(f"outcome_line.{name}"), className="note"),
            ],
            className=f"flow-step flow-{name}",
        )
        for name in COUNTS
        if total[name] or name in ("read", "accepted", "quarantined")
    ]
    verdict = (
        badge(words("quality.balanced"), "good", "=")
        if rest == 0
        else badge(words("quality.unbalanced", count=words.number(abs(rest))), "bad", "≠")
    )
    in_figures = words.counted("quality.in_figures", total["in_figures"])
    if total["replaced"] or total["deleted"]:
        displaced = {name: words.number(total[name]) for name in ("replaced", "deleted")}
        in_figures = words("quality.displaced", in_figures=in_figures, **displaced)
    shown = [name for name in (*COUNTS, *AFTERWARDS) if total[name] or name not in ("merged", "replaced", "deleted")]
    columns = [(words("column.source"), ""), *((words(f"outcome.{name}"), "number") for name in shown)]
    rows = [
        [titles.get(row["source"], row["source"]), *(words.number(row[name]) for name in shown)]
        for row in ledger.to_dicts()
    ]
    outcomes = {name: words(f"outcome.{name}") for name in OUTCOMES}
    return panel(
        words("quality.ledger"),
        html.Ol(steps, className="flow"),
        html.P([verdict, " ", words("quality.identity")], className="note"),
        html.P(in_figures, id="in-figures"),
        html.H3(words("quality.shares")),
        graph(
            ledger_figure(ledger, titles, outcomes, context.colours),
            words("quality.ledger_description"),
            "ledger-figure",
        ),
        table(columns, rows, words("quality.ledger"), context, "ledger"),
    )


def _quarantine(context: Context) -> Any:
    words, titles, quarantine = context.words, context.source_titles, context.release.quality.quarantine
    if not quarantine.height:
        return panel(words("quality.quarantine"), empty_state(words("quality.no_quarantine")))
    rows = [
        {
            "source": titles.get(row["source"], row["source"]),
            "reason": words.known("rule", row["reason"]),
            "field": row["field"] or "",
            "row_count": row["row_count"],
            "example": words("quality.example", file=row["example_file"], line=words.number(row["example_line"]))
            if row["example_file"]
            else "",
        }
        for row in quarantine.to_dicts()
    ]
    columns = [
        wrapped_column("source", words("column.source"), width=190, minWidth=110),
        wrapped_column("reason", words("column.reason"), width=330, minWidth=180),
        text_column("field", words("column.field"), width=140, minWidth=130),
        number_column("row_count", words("column.rows"), 0, width=100),
        text_column("example", words("column.example"), width=300, minWidth=240),
    ]
    content = grid(context, "quarantine", columns, rows, "quarantine")
    return panel(words("quality.quarantine"), content, note=words("quality.quarantine_note"))


def _findings(context: Context) -> Any:
    """One line per source and finding; where it is known by field, the fields beside it."""
    words, titles, findings = context.words, context.source_titles, context.release.quality.findings
    if not findings.height:
        return panel(words("quality.findings"), empty_state(words("quality.no_findings")))
    rows = []
    for group in findings.partition_by("source", "finding", maintain_order=True):
        first = group.row(0, named=True)
        whole = group.filter(pl.col("field").is_null())["count"].to_list()
        by_field = group.filter(pl.col("field").is_not_null()).select("field", "count").rows()
        fields = [words("quality.by_field", field=field, count=words.number(count)) for field, count in by_field]
        rows.append(
            {
                "source": titles.get(first["source"], first["source"]),
                "finding": words.known("rule", first["finding"]),
                "count": (whole or [group["count"].max()])[0],
                "by_field": words.join(fields),
            }
        )
    columns = [
        wrapped_column("source", words("column.source"), width=190, minWidth=110),
        wrapped_column("finding", words("column.finding"), width=400, minWidth=200),
        number_column("count", words("column.count"), 0, width=100),
        wrapped_column("by_field", words("column.by_field"), width=370, minWidth=160),
    ]
    content = grid(context, "findings", columns, rows, "findings")
    return panel(words("quality.findings"), content, note=words("quality.findings_note"))


def _expectations(context: Context) -> Any:
    words, frame = context.words, context.release.quality.expectations
    failed = frame.height - frame.filter(PASSED).height
    summary = words("quality.verdicts", passed=words.number(frame.height - failed), failed=words.number(failed))
    may_read = context.release.scope.documents
    docs = html.P(html.A(words("quality.data_docs"), href=data_docs.ADDRESS), className="note") if may_read else None
    content = check_summary(context, frame), check_history(context), check_grid(context, frame), docs
    return panel(words("quality.expectations"), *content, note=summary)


def _gates(context: Context) -> Any:
    words, gates = context.words, context.release.quality.gates
    if not gates.height:
        content = empty_state(words("quality.no_gates"))
    else:
        content = html.Ul([html.Li(_gate(context, row)) for row in gates.to_dicts()], className="plain-list")
    return panel(words("quality.gates"), content, note=words("quality.gates_note"))


def _gate(context: Context, row: dict[str, Any]) -> list[Any]:
    """One closed gate: the check, whose rows and which columns it is about, and the figures that it holds back."""
    words = context.words
    # Releases made by older versions tell of the table and the reason alone.
    columns, sources, indicators = (
        [name for name in (row.get(column) or "").split(",") if name] for column in ("columns", "sources", "indicators")
    )
    titles = {each["indicator_id"]: words.of(each, "title") for each in context.release.catalogue.to_dicts()}
    told = [
        words("quality.gate_columns", columns=words.join(columns)) if columns else "",
        words("quality.gate_sources", sources=words.join([context.source_titles.get(s, s) for s in sources]))
        if sources
        else "",
        words("quality.gate_holds", indicators=words.join([titles.get(each, each) for each in indicators]))
        if indicators
        else words("quality.gate_holds_none"),
    ]
    named = row["reason"].removeprefix("gate_failed:")
    return [html.Code(named), " ", words.join([part for part in told if part])]


def _sources(context: Context) -> Any:
    words, titles = context.words, context.source_titles
    months = context.release.quality.months.filter(pl.col("source").is_in(list(titles)))
    hovers = []
    for row in months.to_dicts():
        lines = [f"<b>{titles[row['source']]}</b>", words.period("month", row["month"])]
        lines.append(words("quality.month_records", count=words.number(row["records"])))
        if row["expected"] is not None:
            lines.append(words("quality.month_expected", count=words.number(row["expected"])))
        if row["status"] != "normal":
            lines.append(words.known("month_status", row["status"]))
        hovers.append("<br>".join(lines))
    return panel(
        words("quality.sources"),
        freshness_list(context, context.release.quality.freshness, "wide"),
        _troubled_months(context, months, titles),
        graph(
            volume_figure(months, titles, hovers, words.axis_formats, context.colours),
            words("quality.months_description"),
            "volume-figure",
        ),
        html.P(words("quality.months_note"), className="note"),
    )


def _troubled_months(context: Context, months: pl.DataFrame, titles: dict[str, str]) -> Any:
    """Runs of silent, collapsed or surging months in words."""
    words = context.words
    lines = []
    troubled = months.filter(pl.col("status") != "normal")
    numbered = troubled.with_columns(
        run=(
            pl.col("month").dt.year() * 12
            + pl.col("month").dt.month()
            - pl.int_range(pl.len()).over("source", "status")
        ).cast(pl.Int64)
    )
    spans = numbered.group_by("source", "status", "run", maintain_order=True).agg(
        first=pl.col("month").min(), last=pl.col("month").max(), records=pl.col("records").sum()
    )
    for row in spans.to_dicts():
        span = words.period("month", row["first"])
        if row["last"] != row["first"]:
            span = words("trend.span", first=span, last=words.period("month", row["last"]))
        status = words.known("month_status", row["status"])
        lines.append(
            html.Li(
                words(
                    "quality.trouble",
                    source=titles[row["source"]],
                    span=span,
                    status=status,
                    count=words.number(row["records"]),
                )
            )
        )
    return html.Ul(lines, className="plain-list") if lines else None
