"""What an indicator means: short beside a chart, in full in the catalogue."""

from typing import Any

from dashboards import elements as html
from dashboards.components.context import Context


def definition(context: Context, indicator: dict[str, Any], in_full: bool = False) -> Any:
    """Definition, unit, direction, caveats and uses; `in_full` adds method, needs and gaming."""
    words = context.words
    polarity = words.known("polarity", indicator["polarity"])
    formula = words.of(indicator, "formula")
    entries = [
        ("unit", words.unit(indicator["unit"])),
        ("polarity", polarity),
        ("caveats", words.of(indicator, "caveats")),
        ("formula", html.Code(formula) if formula else None),
        ("intended_use", words.of(indicator, "intended_use")),
        ("forbidden_use", words.of(indicator, "forbidden_use")),
    ]
    if in_full:
        minimum = indicator["min_denominator"]
        entries += [
            ("gaming", words.of(indicator, "gaming")),
            ("needs", _codes(indicator["needs"] or [])),
            ("interval_method", words.known("interval_method", indicator["interval_method"])),
            ("min_denominator", words.number(minimum) if minimum else None),
            ("period_kinds", words.join([words.known("kind", kind) for kind in indicator["period_kinds"] or []])),
            ("reference", indicator["reference"]),
        ]
    rows = [
        html.Div([html.Dt(words(f"definition.{name}")), html.Dd(value)], className=f"entry entry-{name}")
        for name, value in entries
        if value
    ]
    return html.Div([html.P(words.of(indicator, "about"), className="about"), html.Dl(rows, className="definition")])


def _codes(names: list[str]) -> Any:
    return html.Span([html.Code(name) for name in names], className="codes") if names else None
