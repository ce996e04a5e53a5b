"""Footprints: which periods' figures a changed day of records reaches, by kind of figure.

Belongs here: what each statistic declares. Every night computes all figures anew (docs/figures.md says why), so that
nothing depends on it for being right; the log of revisions tells by it which changed records may have moved a figure.
"""

from collections.abc import Mapping
from typing import Literal

from indicators.catalogue.entries import FigureKind

Reach = Literal["period", "calendar_year", "everything"]
"""The periods that hold the day, those of its calendar year, or all there are."""

FOOTPRINTS: Mapping[FigureKind, Reach] = {
    "rate": "period",
    "weighted_rate": "period",
    "proportion": "period",
    "ratio": "period",
    "survival_quantile": "period",
    # Profiles hold from their day on: it is they that reach further, not the figure.
    "stock_ratio": "period",
    # A wave is told of in one year, though its answers may be of two.
    "survey_proportion": "everything",
    "survey_mean": "everything",
    "survey_gap": "everything",
    # Held against what chance would make of the year's incidents.
    "repeat_addresses": "calendar_year",
    # Points lie on a plane about the middle of all of them.
    "near_repeat": "everything",
    # Hot cells are found in the year before, on the same plane.
    "hot_cells": "everything",
    # Agencies are all that were ever linked.
    "network": "everything",
    # Requests weigh as the categories of all of them do.
    "waiting_gap": "everything",
    # Of each volunteer the highest level of twelve months.
    "participation": "everything",
    # Where and when anybody was on duty decides which areas and days are held against each other.
    "concentration": "everything",
}
