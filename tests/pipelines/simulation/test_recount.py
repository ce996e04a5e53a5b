"""A slow recount of the files, that knows nothing of how they were made, finds what truth.json says."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.simulation.recount import SOURCES, ZONE, Cells, Count, recount

pytestmark = pytest.mark.slow

Truth = dict[str, Any]


@pytest.fixture(scope="module")
def counts(district: Path) -> dict[str, Count]:
    return {name: recount(district / "data", source) for name, source in SOURCES.items()}


@pytest.mark.parametrize("name", SOURCES)
def test_statuses_reasons_and_flags_are_the_planted_ones(name: str, counts: dict[str, Count], truth: Truth) -> None:
    told, found = truth["ledger"]["sources"][name], counts[name]
    assert dict(found.reasons) == told["quarantined_by_reason"]
    assert dict(found.flags) == told["flags"]
    statuses = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred", "deleted")
    assert {status: found.statuses[status] for status in statuses} == {status: told[status] for status in statuses}
    assert sum(found.statuses[status] for status in statuses if status != "deleted") == told["read"]
    assert len(found.staged) == told["staged"] == told["accepted"] - told["deleted"]
    assert found.repeated_ids == told["repeated_ids"]
    assert found.conflicting_ids == told["conflicting_ids"]


@pytest.mark.parametrize("name", SOURCES)
def test_the_ledger_follows_from_the_defects(name: str, truth: Truth) -> None:
    told, defects = truth["ledger"]["sources"][name], truth["defects"]["sources"][name]
    reasons: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for defect in defects.values():
        assert defect["records"] >= 2
        reasons.update({defect["reason"]: defect["records"]} if defect["reason"] else {})
        flags.update(dict.fromkeys(defect["flags"], defect["records"]))
        for status in defect["lines"]:
            lines[status] += defect["records"]
    assert dict(reasons) == told["quarantined_by_reason"]
    assert dict(flags) == told["flags"]
    assert {status: lines[status] for status in ("quarantined", "duplicate", "superseded", "deleted")} == {
        status: told[status] for status in ("quarantined", "duplicate", "superseded", "deleted")
    }
    assert told["deferred"] > lines["deferred"]


def test_every_reason_and_flag_of_the_contract_is_planted_somewhere(truth: Truth) -> None:
    sources = truth["ledger"]["sources"].values()
    reasons = {reason for source in sources for reason in source["quarantined_by_reason"]}
    flags = {flag for source in sources for flag in source["flags"]}
    assert reasons == {
        *("malformed_line", "blank_row", "missing_id", "missing_time", "unparseable_time", "before_first_month"),
        *("unknown_area", "times_out_of_order", "out_of_range:victims", "out_of_range:minutes", "out_of_range:weight"),
        *("pattern:record_id", "not_allowed:answer", "condition:cameras_online"),
    }
    assert flags == {
        *("area_missing", "outside_area", "clock_change", "times_out_of_order", "implausible_duration", "future_time"),
        *("conflicting_id", "out_of_range:priority", "out_of_range:level", "unusable:priority", "unusable:category"),
        *("unusable:lat", "unusable:subject", "unusable:checks", "unusable:requester_group", "unusable:due_at"),
    }


@pytest.mark.parametrize("name", ["patrols", "requests", "handoffs", "activities", "survey", "profiles"])
def test_staged_records_by_area_and_year(name: str, counts: dict[str, Count], truth: Truth) -> None:
    source = SOURCES[name]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for cells in counts[name].staged:
        first = source.time(cells, source.first)
        assert first is not None
        found[f"beat-{cells[source.area]}"][str(first.year)] += 1
    assert found == truth["records"]["sources"][name]


def test_staged_thefts_of_the_changed_beat(counts: dict[str, Count], truth: Truth) -> None:
    change = truth["planted_change"]
    found = Counter(
        cells["occurred"][:7]
        for cells in counts["incidents"].staged
        if cells["offence"] == change["local_category"] and f"beat-{cells['beat']}" == change["area_id"]
    )
    # Two planted kinds of record name no beat, and one of them still lies in it.
    unnamed = [cells for cells in counts["incidents"].staged if not cells["beat"]]
    assert len(unnamed) == sum(
        truth["defects"]["sources"]["incidents"][defect]["records"] for defect in ("area_by_point", "area_missing")
    )
    total, told = sum(found.values()), sum(change["by_month"].values())
    assert told - len(unnamed) <= total <= told
    assert total > 0


def test_staged_handoffs_by_pair(counts: dict[str, Count], truth: Truth) -> None:
    cooperation = truth["cooperation"]
    groups = dict(zip(("HT", "LP", "SY", "ZQ", "MA", "LZ"), cooperation["density"], strict=True))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for cells in counts["handoffs"].staged:
        found[groups[cells["beat"][:2]]][f"{cells['from']}>{cells['to']}"] += 1
    assert found == cooperation["by_district_and_pair"]


def test_seconds_patrolled_as_planned(counts: dict[str, Count], truth: Truth) -> None:
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    source = SOURCES["patrols"]
    for cells in counts["patrols"].staged:
        local = [source.time(cells, column) for column in ("started", "ended", "planned_from", "planned_to")]
        started, ended, first, last = (moment.replace(tzinfo=ZONE).timestamp() for moment in local if moment)
        if last < first or int(cells["minutes"]) > 720:
            continue
        seconds = found[f"beat-{cells['beat']}"][cells["started"][:4]]
        seconds[0] += max(0, round(min(ended, last) - max(started, first)))
        seconds[1] += round(last - first)
    assert found == truth["patrol_plans"]["seconds"]


def test_highest_levels(counts: dict[str, Count], truth: Truth) -> None:
    highest: dict[tuple[str, str], int] = {}
    for cells in counts["activities"].staged:
        level = int(cells["level"])
        who = (cells["subject"], cells["person"] or cells["enterprise"])
        highest[who] = max(highest.get(who, -1), level if level <= 4 else -1)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (subject, _), level in highest.items():
        found[subject]["none" if level < 0 else str(level)] += 1
    assert found == truth["participation"]["by_highest_level"]


def test_newest_levels_of_new_citizens(counts: dict[str, Count], truth: Truth) -> None:
    newest: dict[tuple[str, str], int] = {}
    for cells in counts["activities"].staged:
        if cells["subject"] == "new_citizen" and cells["start"] >= "2024-12-01":
            who = (f"beat-{cells['beat']}", cells["person"])
            newest[who] = max(newest.get(who, 0), int(cells["level"]) if int(cells["level"]) <= 4 else 0)
    registered = {
        f"beat-{cells['beat']}": int(cells["volunteers"])
        for cells in sorted(counts["profiles"].staged, key=lambda cells: cells["valid_from"])
        if cells["valid_from"] <= "2025-11-30"
    }
    told = truth["participation"]["new_citizens"]
    for area, people in told.items():
        levels = [level for (place, _), level in newest.items() if place == area]
        assert people == {"people": len(levels), "levels": sum(levels), "registered": registered[area]}


def test_staged_answers(counts: dict[str, Count], truth: Truth) -> None:
    answers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for cells in counts["survey"].staged:
        if cells["answer"]:
            answers[cells["item"], cells["group"]].append(int(cells["answer"]))
    for told in truth["survey"]["staged"]:
        found = answers.pop((told["item"], told["group"]))
        assert len(found) == told["answers"]
        assert sum(found) == told["sum"]
        assert sum(answer**2 for answer in found) == told["sum_of_squares"]
    assert not answers


def test_handoffs_hand_on_requests_of_the_day_before(counts: dict[str, Count]) -> None:
    requests: dict[str, Cells] = {cells["工单号"]: cells for cells in counts["requests"].staged}
    known = [cells for cells in counts["handoffs"].staged if cells["record"] in requests]
    assert len(known) > 0.9 * len(counts["handoffs"].staged)
    source = SOURCES["handoffs"]
    days: Counter[tuple[int, bool]] = Counter()
    for cells in known:
        request = requests[cells["record"]]
        opened, requested = SOURCES["requests"].time(request, "受理时间"), source.time(cells, "requested")
        assert opened is not None
        assert requested is not None
        days[(requested.date() - opened.date()).days, request["网格"] == cells["beat"]] += 1
    assert days.most_common(1)[0][0] == (1, True)
    assert days[1, True] > 0.98 * days.total()
