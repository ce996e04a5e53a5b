"""Controls that change the view; each writes one field of the address and reads nothing else."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import dash_mantine_components as dmc
import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context

CONTROL = "control"
"""Key of a control's id; its value is the field of `View` that the control sets."""


def control_row(*controls: Any) -> Any:
    """Lay controls out in a line that wraps on narrow screens."""
    return html.Div(list(controls), className="controls", role="group")


def indicator_select(context: Context, chosen: str | None) -> Any:
    """Select of the available indicators, grouped by dimension."""
    words = context.words
    groups: dict[str, list[dict[str, str]]] = {}
    for row in context.available_indicators:
        item = {"value": row["indicator_id"], "label": words.of(row, "title")}
        groups.setdefault(words.known("dimension", row["dimension"]), []).append(item)
    data = [{"group": group, "items": items} for group, items in groups.items()]
    return _select(
        "indicator", words("control.indicator"), data, chosen, class_name="control control-wide", searchable=True
    )


def kind_select(context: Context, kinds: Collection[str], chosen: str) -> Any:
    """Segmented control of the period kinds that an indicator has."""
    words = context.words
    order = [kind for kind in ("day", "week", "month", "quarter", "year", "rolling_12m") if kind in kinds]
    data = [{"value": kind, "label": words(f"kind.{kind}")} for kind in order]
    return html.Div(
        [
            html.Span(words("control.period_kind"), className="control-label"),
            dmc.SegmentedControl(id={CONTROL: "period_kind"}, data=data, value=chosen, size="sm"),
        ],
        className="control",
    )


def period_select(context: Context, kind: str, periods: pl.DataFrame, chosen: date) -> Any:
    """Select of periods, newest first, saying which are not final."""
    words = context.words
    data = []
    for start, is_final in periods.select("period_start", "is_final").iter_rows():
        name = words.period(kind, start)
        label = name if is_final else words("control.not_final", period=name)
        data.append({"value": start.isoformat(), "label": label})
    return _select(
        "period",
        words("control.period"),
        data,
        chosen.isoformat(),
        class_name="control control-period",
        searchable=True,
    )


def level_select(context: Context, levels: Sequence[str], chosen: str) -> Any:
    """Select of the area levels that can be mapped."""
    data = [{"value": level, "label": context.words.known("level", level)} for level in levels]
    return _select("level", context.words("control.level"), data, chosen)


def area_options(context: Context, indicator_id: str) -> list[tuple[str, str, str]]:
    """Areas for which an indicator has rows, as the selects take them: (level, area_id, title) in order."""
    present = set(context.release.area_ids(indicator_id))
    return [
        (context.words.known("level", row["area_level"]), area_id, context.words.of(row, "title"))
        for area_id, row in context.release.area_rows.items()
        if area_id in present
    ]


def default_areas(context: Context, known: set[str]) -> list[str]:
    """Give the area that is shown without a choice: the city where the indicator has it, else the first."""
    return [context.release.city_id] if context.release.city_id in known or not known else sorted(known)[:1]


def one_area_select(context: Context, options: Sequence[tuple[str, str, str]], chosen: str) -> Any:
    """Select of one area; options as in `area_select`."""
    return _select("areas", context.words("control.area"), _grouped(options), chosen, searchable=True)


def area_select(context: Context, options: Sequence[tuple[str, str, str]], chosen: Sequence[str], limit: int) -> Any:
    """Select of one or several areas.

    Parameters
    ----------
    options
        (group, area_id, title) in order.
    """
    return dmc.MultiSelect(
        id={CONTROL: "areas"},
        label=context.words("control.areas", limit=limit),
        data=_grouped(options),
        value=list(chosen),
        maxValues=limit,
        searchable=True,
        hidePickedOptions=True,
        nothingFoundMessage=context.words("control.nothing_found"),
        className="control control-wide",
        size="sm",
    )


def topic_select(context: Context, options: Sequence[tuple[str, str, str]], chosen: str) -> Any:
    """Select of a question of the survey, or a foundation that it judges: (group, name, title) in order."""
    return _select(
        "topic", context.words("control.topic"), _grouped(options), chosen, class_name="control control-wide"
    )


def choice_select(control: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None, every: str) -> Any:
    """Select of one of a few values, or of all when cleared."""
    data = [{"value": value, "label": title} for value, title in options]
    return _select(control, label, data, chosen, clearable=True, placeholder=every)


def choice_of(control: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> Any:
    """Select of one of a few values, of which one always holds."""
    data = [{"value": value, "label": title} for value, title in options]
    return _select(control, label, data, chosen, class_name="control control-wide")


def search_input(label: str, placeholder: str, text: str | None) -> Any:
    """Free text that filters a list, applied half a second after the last key."""
    return dmc.TextInput(
        id={CONTROL: "search"},
        label=label,
        placeholder=placeholder,
        value=text or "",
        debounce=500,
        className="control control-wide",
        size="sm",
    )


def _grouped(options: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, str]]] = {}
    for group, value, title in options:
        groups.setdefault(group, []).append({"value": value, "label": title})
    return [{"group": group, "items": items} for group, items in groups.items()]


def _select(
    control: str, label: str, data: Any, chosen: str | None, class_name: str = "control", **settings: Any
) -> Any:
    return dmc.Select(
        id={CONTROL: control},
        label=label,
        data=data,
        value=chosen,
        allowDeselect=False,
        maxDropdownHeight=360,
        size="sm",
        className=class_name,
        **settings,
    )
