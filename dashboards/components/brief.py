"""What a briefing of an area and month says, as sentences; its layout is the page's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from dashboards.components import area_tree
from dashboards.components.context import Context
from dashboards.components.revisions import reasons
from dashboards.components.scores import Score, grades, scores
from dashboards.components.signals import welcome
from dashboards.components.story import interventions_in, silences, without_area, worded
from dashboards.components.timeliness import trouble_of
from dashboards.components.year_before import against_last_year, p_text
from dashboards.periods import period_before, period_end

KEY_FIGURES = 8
"""As many figures as a page has room for."""
HEADLINE_CHANGES = 3


@dataclass(frozen=True)
class Brief:
    """All that the briefing of an area and month is made from."""

    context: Context
    area: dict[str, Any]
    month: date

    @property
    def area_id(self) -> str:
        """Id of the area."""
        return str(self.area["area_id"])

    @cached_property
    def inside(self) -> list[str]:
        """Ids of all areas in the area."""
        return area_tree.everything_inside(self.context, self.area_id)

    @cached_property
    def found(self) -> list[Score]:
        """Every indicator of the area."""
        return scores(self.context, self.area_id, "month", self.month).own

    @cached_property
    def figures(self) -> list[Score]:
        """Those of the month that have a figure."""
        return [score for score in self.found if score.value is not None and not score.is_of_other_kind]

    @cached_property
    def changes(self) -> list[dict[str, Any]]:
        """What stands out in the month, or in the one before, which has settled since; the unwelcome first."""
        first, end = period_before("month", self.month), period_end("month", self.month)
        rows = [
            worded(row, self.context.release.indicator(row["indicator_id"]))
            for row in self.context.release.districts.changes(self.area_id).to_dicts()
            if first <= row["period_start"] and period_end(row["period_kind"], row["period_start"]) <= end
        ]
        order = {"bad": 0, "context": 1, "good": 2}
        return sorted(rows, key=lambda row: order[welcome(row["signal"], row["polarity"] or "context")])

    @cached_property
    def expected(self) -> dict[str, str]:
        """What provisional figures are expected to become once all is recorded, in words, by indicator."""
        words = self.context.words
        decimals = {score.indicator_id: score.indicator["decimals"] for score in self.figures}
        rows = self.context.release.districts.nowcasts(self.area_id, "month", self.month).to_dicts()
        return {
            row["indicator_id"]: words(
                "briefing.expected",
                **{
                    name: words.number(row[name], decimals[row["indicator_id"]]) for name in ("value", "lower", "upper")
                },
            )
            for row in rows
            if row["indicator_id"] in decimals
        }

    @cached_property
    def last_year(self) -> dict[str, dict[str, Any]]:
        """Each figure of the month against that of a year before: rows of `year_comparisons` by indicator."""
        identities = [score.indicator_id for score in self.figures]
        rows = self.context.release.trends.year_comparisons(identities, [self.area_id], "month").to_dicts()
        return {row["indicator_id"]: row for row in rows if row["period_start"] == self.month}

    @cached_property
    def key_figures(self) -> list[Score]:
        """The few that matter: what changed, what stands out by itself, targets, then one of each dimension."""
        changed = [row["indicator_id"] for row in self.changes]
        marked = [score.indicator_id for score in self.figures if score.signal]
        aimed = [score.indicator_id for score in self.figures if score.target]
        leading: dict[str, str] = {}
        for score in self.figures:
            leading.setdefault(score.indicator["dimension"], score.indicator_id)
        wanted = dict.fromkeys([*changed, *marked, *aimed, *leading.values(), *(s.indicator_id for s in self.figures)])
        known = {score.indicator_id: score for score in self.figures}
        chosen = [identity for identity in wanted if identity in known][:KEY_FIGURES]
        # In the order of the catalogue: the eye looks for a figure where it was last month.
        return [score for score in self.figures if score.indicator_id in chosen]


def headlines(brief: Brief) -> list[str]:
    """What a reader of one paragraph should know, the most important first."""
    return [
        *_what_stands_out(brief),
        *_settled(brief),
        *_lead(brief),
        *_targets(brief),
        *_peers(brief),
        *_how_sure(brief),
    ]


def _titles(context: Context, found: Sequence[Score]) -> str:
    return context.words("list.comma").join(context.words.of(score.indicator, "title") for score in found)


def _what_stands_out(brief: Brief) -> list[str]:
    context, words = brief.context, brief.context.words
    told = [without_area(context, row) for row in brief.changes[:HEADLINE_CHANGES]]
    more = len(brief.changes) - HEADLINE_CHANGES
    if more > 0:
        told.append(words.counted("briefing.more_changes", more))
    listed = {row["indicator_id"] for row in brief.changes}
    marked = [score for score in brief.figures if score.signal and score.indicator_id not in listed]
    if marked:
        told.append(words("briefing.by_charts", indicators=_titles(context, marked)))
    if told:
        return told
    charted = sum(score.is_charted for score in brief.figures)
    month = words.in_period("month", brief.month)
    if not charted:
        return [words("briefing.untested", in_period=month)]
    return [words("briefing.nothing", in_period=month, count=words.number(charted))]


def _settled(brief: Brief) -> list[str]:
    """Of figures that are not held against their usual range yet: what the month before, which has settled, shows."""
    words, before = brief.context.words, period_before("month", brief.month)
    listed = {row["indicator_id"] for row in brief.changes}
    held = [
        (score, row["signal"])
        for score in brief.figures
        for row in score.history
        if not score.is_charted and row["period_start"] == before and row["signal"] is not None
    ]
    if not held:
        return []
    month = words.in_period("month", before)
    marked = [score for score, signal in held if signal != "none" and score.indicator_id not in listed]
    if marked:
        return [words("briefing.settled_marked", in_period=month, indicators=_titles(brief.context, marked))]
    return [words.counted("briefing.settled_nothing", len(held), in_period=month)]


def _lead(brief: Brief) -> list[str]:
    """The first figure of the catalogue's order, against last year."""
    words = brief.context.words
    if not brief.figures:
        return [words("briefing.no_figure", in_period=words.in_period("month", brief.month))]
    score = brief.figures[0]
    row, decimals = score.row or {}, score.indicator["decimals"]
    told = words(
        "briefing.lead",
        indicator=words.of(score.indicator, "title"),
        in_period=words.in_period("month", brief.month),
        value=words.measure(row["value"], score.indicator["unit"], decimals),
        low=words.number(row["lower"], decimals),
        high=words.number(row["upper"], decimals),
    )
    row_before = brief.last_year.get(score.indicator_id)
    if row_before is None:
        return [words("briefing.alone", told=told)]
    return [words("briefing.against", told=told, against=against_last_year(brief.context, row_before))]


def _targets(brief: Brief) -> list[str]:
    words = brief.context.words
    aimed = [(score, score.row["target_status"]) for score in brief.figures if score.row and score.target]
    told = []
    for statuses, key in ((("off_path", "missed"), "off"), (("met", "on_path"), "on")):
        found = [score for score, status in aimed if status in statuses]
        if found:
            told.append(words(f"briefing.targets_{key}", indicators=_titles(brief.context, found)))
    return told


def _peers(brief: Brief) -> list[str]:
    """On which side of the limits among its peers the area lies, and with what; nothing where within them all."""
    told = []
    for side in ("worse", "better"):
        found = [score for score in brief.found if score.side == side]
        if found:
            told.append(brief.context.words(f"briefing.peers_{side}", indicators=_titles(brief.context, found)))
    return told


def _how_sure(brief: Brief) -> list[str]:
    words = brief.context.words
    told = []
    provisional = [score for score in brief.figures if score.status == "provisional"]
    if provisional:
        count = words.number(len(brief.figures))
        told.append(words.counted("briefing.provisional", len(provisional), all=count))
    stale = [score for score in brief.figures if score.status == "stale"]
    if stale:
        told.append(words.counted("briefing.stale", len(stale), indicators=_titles(brief.context, stale)))
    missing = [score for score in brief.found if score.value is None]
    if missing:
        told.append(words.counted("briefing.missing", len(missing), all=words.number(len(brief.found))))
    return told


def evidence(brief: Brief, change: dict[str, Any]) -> list[str]:
    """Why to believe a change, or not: the test, how sure the figure is, and what else may have brought it about."""
    context, words = brief.context, brief.context.words
    method = words(f"briefing.method.{change['method']}")
    told = [
        words(
            "briefing.test",
            method=method,
            p=p_text(change["p_value"]),
            series=words.number(change["series_tested"]),
            false=words.number(change["expected_false"], 1),
        )
    ]
    known = {score.indicator_id: score for score in brief.found}
    score = known.get(change["indicator_id"])
    is_of_month = (change["period_kind"], change["period_start"]) == ("month", brief.month)
    if score is not None and score.row is not None and is_of_month:
        # What is said of the figure itself beside its value: interval, bounds, grade, status.
        told += context.figure_lines({**score.row, "signal": None}, score.indicator)[1:]
        told += [brief.expected[score.indicator_id]] if score.indicator_id in brief.expected else []
    revised = [
        row
        for row in context.release.districts.revisions(brief.area_id).to_dicts()
        if all(row[key] == change[key] for key in ("indicator_id", "period_kind", "period_start"))
    ]
    if revised:
        told.append(words.counted("briefing.revised", len(revised), reasons=reasons(context, revised[0]["reason"])))
    start, end = change["period_start"], period_end(change["period_kind"], change["period_start"])
    for row in context.release.districts.breaks.to_dicts():
        if change["indicator_id"] in row["indicators"] and end - timedelta(days=366) < row["start"] < end:
            told.append(words("briefing.break", day=words.day(row["start"]), title=words.of(row, "title")))
    for row in interventions_in(context, {brief.area_id, *brief.inside}):
        if row["indicator_id"] == change["indicator_id"] and row["start"] < end and _under_way(row, start):
            told.append(words("briefing.intervention", day=words.day(row["start"]), title=words.of(row, "title")))
    return told


def _under_way(intervention: dict[str, Any], day: date) -> bool:
    """Whether an intervention's declared months had not passed on a day."""
    index = intervention["start"].year * 12 + intervention["start"].month - 1 + intervention["months"] + 1
    return day < date(index // 12, index % 12 + 1, 1)


def quality(brief: Brief) -> list[str]:
    """What is known of the data behind the month's figures."""
    context, words = brief.context, brief.context.words
    told = []
    given = grades(brief.figures)
    if given:
        shown = [words("district.grade_count", grade=grade, count=count) for grade, count in given.items()]
        told.append(words("district.grades", grades=words("list.comma").join(shown)))
    by_source = context.release.quality.scores(brief.area_id).filter(
        period_kind="month", period_start=brief.month, dimension="overall"
    )
    graded = [
        words(
            "briefing.source_grade", source=context.source_titles.get(row["source"], row["source"]), grade=row["grade"]
        )
        for row in by_source.to_dicts()
        if row["grade"]
    ]
    if graded:
        told.append(words("briefing.sources", grades=words("list.comma").join(graded)))
    troubled = [row for row in context.release.quality.freshness.to_dicts() if row["status"] != "alive"]
    if troubled:
        told.append(words("briefing.troubled", troubles=words.join([trouble_of(context, row) for row in troubled])))
    told += [f"{event.when}{words('briefing.colon')}{event.text}" for event in silences(context, brief.area_id)]
    return told


def missing(brief: Brief) -> list[str]:
    """What has no figure or no final one in the month, those with the same reason together."""
    words = brief.context.words
    together: dict[tuple[str, str], list[Score]] = {}
    for score in brief.found:
        if score.status == "final" and score.value is not None:
            continue
        why = "" if score.row is None else words.join(brief.context.reasons(score.row["reason"]))
        together.setdefault((score.status or "not_available", why or words("card.no_row")), []).append(score)
    order = ("withheld", "not_available", "stale", "provisional")
    return [
        words(
            "briefing.missing_line",
            status=words.known("status", status),
            indicators=_titles(brief.context, found),
            reason=why,
        )
        for (status, why), found in sorted(together.items(), key=lambda line: order.index(line[0][0]))
    ]
