"""Truth: what is planted in the simulated district, in numbers, each with its definition in plain words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulation import incidents, patrols, people, profiles, requests
from pipelines.simulation.district import (
    ADDRESSES_PER_BEAT,
    ADDRESSES_PER_BLOCK,
    BEAT_CODES,
    BEATS,
    DISTRICT_OF_BEAT,
    DISTRICTS,
    address_table,
    area_id,
    area_km2,
)
from pipelines.simulation.games import planted_games
from pipelines.simulation.incidents import Incidents
from pipelines.simulation.seasons import AS_OF, FIRST_DAY, TIME_ZONE, day_number, night_share
from pipelines.simulation.stream import Account, Stream

Truth = dict[str, Any]
_Z_90 = 1.2815515655446004  # 90 % quantile of the standard normal distribution
_STATUSES = ("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
_HOT_ADDRESSES = 50


def write_truth(
    path: Path, rows: int, seed: int, streams: Mapping[str, Stream], accounts: Mapping[str, Account]
) -> Truth:
    """Write what was planted as JSON; return it."""
    truth: Truth = {
        "about": "What is planted in the simulated district: every number here is true of the files beside it, "
        "loaded as of the given day.",
        "seed": seed,
        "rows": rows,
        "as_of": AS_OF.isoformat(),
        "time_zone": TIME_ZONE,
        "ledger": _ledger(streams, accounts),
        "defects": _defects(streams, accounts),
        "records": _records(accounts),
        "planted_change": _planted_change(accounts["incidents"]),
        "response_times": _response_times(),
        "outcomes": _outcomes(),
        "near_repeat": _near_repeat(streams["incidents"]),
        "hot_places": _hot_places(),
        "rhythm": _rhythm(),
        "survey": _survey(accounts["survey"]),
        "cooperation": _cooperation(accounts["handoffs"]),
        "participation": _participation(accounts["activities"]),
        "waiting": _waiting(),
        "workload": _workload(),
        "patrol_plans": _patrol_plans(accounts["patrols"]),
        "people": _people(),
        "games": planted_games(),
    }
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return truth


def _ledger(streams: Mapping[str, Stream], accounts: Mapping[str, Account]) -> Truth:
    return {
        "definition": "By source, summed over its batches: read = accepted + quarantined + duplicate + superseded + "
        "merged + deferred. deleted counts those of accepted that withdraw their record, so that accepted - deleted "
        "records are in staging (staged). quarantined_by_reason counts rows by reason, each row having one. flags "
        "counts staged records by flag. repeated_ids counts rows beyond the first with their id, conflicting_ids the "
        "ids that have different rows and no time of update to decide between them.",
        "sources": {
            name: {
                "kind": streams[name].kind,
                "read": account.read,
                **{status: account.statuses[status] for status in _STATUSES},
                "accepted": account.statuses["accepted"] + account.statuses["deleted"],
                "deleted": account.statuses["deleted"],
                "staged": account.statuses["accepted"],
                "quarantined_by_reason": dict(sorted(account.reasons.items())),
                "flags": dict(sorted(account.flags.items())),
                "repeated_ids": account.repeated_ids,
                "conflicting_ids": account.conflicting_ids,
            }
            for name, account in accounts.items()
        },
    }


def _defects(streams: Mapping[str, Stream], accounts: Mapping[str, Account]) -> Truth:
    return {
        "definition": "By source and defect: the records on which it is planted, what each of their lines becomes, "
        "and the reason or flags that it must have. No record has two defects.",
        "sources": {
            name: {
                defect.name: {
                    "means": defect.means,
                    "records": accounts[name].planted[defect.name],
                    "lines": list(defect.statuses),
                    "reason": defect.reason,
                    "flags": list(defect.flags),
                }
                for defect in stream.defects
            }
            for name, stream in streams.items()
        },
    }


def _rows(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.sort(frame.columns[:-1], nulls_last=True).rows()


def _records(accounts: Mapping[str, Account]) -> Truth:
    found: Truth = {}
    for name, account in accounts.items():
        by_area: dict[str, dict[str, int]] = {}
        for area, year, count in _rows(account.tallies["by_area_and_year"]):
            by_area.setdefault("unknown" if area is None else area_id(area), {})[str(year)] = count
        found[name] = by_area
    return {
        "definition": "Staged records by source, area and local year of their first time; unknown: without an area. "
        "Together with people.population they give the true rates.",
        "sources": found,
    }


def _planted_change(account: Account) -> Truth:
    by_month = dict(_rows(account.tallies["thefts_in_changed_beat"]))
    return {
        "definition": "From the given day on, the expected number of thefts in this beat is multiplied by the factor; "
        "nothing else changes on that day. by_month counts the staged thefts of the beat.",
        "source": "incidents",
        "area_id": area_id(incidents.CHANGE_BEAT),
        "category": "0502",
        "local_category": "theft",
        "from": incidents.CHANGE_DAY.isoformat(),
        "factor": incidents.CHANGE_FACTOR,
        "by_month": by_month,
    }


def _quantiles(median: float, sigma: float) -> Truth:
    return {"p50": median, "p90": round(float(median * np.exp(_Z_90 * sigma)), 1), "sigma": sigma}


def _response_times() -> Truth:
    return {
        "definition": "True quantiles of lognormal times, by district. incident_seconds: reported to arrived, of "
        "incidents that were attended; request_minutes: opened to first response; patrol_seconds: started to ended, "
        "of legs that were walked; the same everywhere and before rounding up to whole minutes.",
        "incident_seconds": {
            each.group_id: _quantiles(each.incident_response_seconds, incidents.RESPONSE_SIGMA) for each in DISTRICTS
        },
        "request_minutes": {
            each.group_id: _quantiles(each.request_response_minutes, requests.RESPONSE_SIGMA) for each in DISTRICTS
        },
        "patrol_seconds": _quantiles(patrols.MEDIAN_SECONDS, patrols.SIGMA),
    }


def _outcomes() -> Truth:
    shares = {**incidents.outcome_shares(), **requests.outcome_shares()}
    return {
        "definition": "Expected share, from 0 to 1, by the indicator that tells it, the same everywhere and always; of "
        "records that are old enough, without those on which a defect is planted.",
        "complaints_per_request": round(requests.COMPLAINTS[0] / requests.COMPLAINTS[1], 6),
        "shares": {indicator: round(share, 6) for indicator, share in shares.items()},
    }


def _near_repeat(simulated: Stream) -> Truth:
    if not isinstance(simulated, Incidents):
        raise TypeError("the source incidents must be the simulated incidents")
    return {
        "definition": "Of the clean burglaries, so many (follow_ups) were moved into the block of an earlier one in "
        "their beat, at most so many days before; the addresses of a block lie within about 100 metres.",
        "category": "0501",
        "burglaries": simulated.burglaries,
        "follow_ups": simulated.follow_ups,
        "days": incidents.FOLLOW_UP_DAYS,
        "addresses_per_block": ADDRESSES_PER_BLOCK,
    }


def _hot_places() -> Truth:
    shares = np.bincount(address_table(), minlength=ADDRESSES_PER_BEAT) / len(address_table())
    return {
        "definition": "Expected share of a beat's incidents at its most visited addresses, before burglaries follow "
        "one another.",
        "addresses_per_beat": ADDRESSES_PER_BEAT,
        "hot_addresses": _HOT_ADDRESSES,
        "share": round(float(shares[:_HOT_ADDRESSES].sum()), 6),
    }


def _rhythm() -> Truth:
    nights = [night_share(hours) for hours in incidents.HOURS]
    weekday = np.asarray(incidents.RHYTHM.week) / np.mean(incidents.RHYTHM.week)
    return {
        "definition": "Incidents. night_share: expected share of an offence between 22:00 and 06:00. weekday: "
        "expected incidents of a weekday, from Monday, relative to the mean of the week.",
        "night_share": {name: round(share, 6) for name, share in zip(incidents.OFFENCES, nights, strict=True)},
        "weekday": [round(float(factor), 6) for factor in weekday],
    }


def _survey(account: Account) -> Truth:
    district_people = np.bincount(DISTRICT_OF_BEAT, [beat.population for beat in BEATS])
    shares = np.stack([people.population_shares(DISTRICT_OF_BEAT.tolist().index(d)) for d in range(len(DISTRICTS))])
    weights = shares * (district_people / district_people.sum())[:, None]
    items: Truth = {}
    values = np.arange(1, 6)
    for item, item_name in enumerate(people.ITEMS):
        shares_of = np.array(
            [
                [people.answer_shares(item, group, district) for group in range(len(people.GROUPS))]
                for district in range(len(DISTRICTS))
            ]
        )
        asked = weights * [people.asked_share(item, group) for group in range(len(people.GROUPS))]
        population = np.einsum("dg,dga->a", asked / asked.sum(), shares_of)
        mean, means = float(population @ values), shares_of @ values
        variances = shares_of @ values**2 - means**2
        items[item_name] = {
            "population_shares": population.round(6).tolist(),
            "population_mean": round(mean, 6),
            "population_variance": round(float(population @ values**2) - mean**2, 6),
            "by_district_and_group": {
                each.group_id: {
                    name: {
                        "mean": round(float(means[district, group]), 6),
                        "variance": round(float(variances[district, group]), 6),
                        "shares": shares_of[district, group].round(6).tolist(),
                    }
                    for group, name in enumerate(people.GROUPS)
                }
                for district, each in enumerate(DISTRICTS)
            },
        }
    tallies = [account.tallies[name] for name in ("answers", "answer_sum", "answer_squares")]
    staged = [
        {"item": item, "group": group, "answers": n, "sum": total, "sum_of_squares": squares}
        for (item, group, n), (*_, total), (*_, squares) in zip(*map(_rows, tallies), strict=True)
        if n
    ]
    return {
        "definition": "items: true mean and variance of the answers (1 to 5) and share of each, in the population, "
        "whole and by district and group; reported is asked of victims alone. Weights in the file bring the sample's "
        "groups to their share in the district (population_shares). Refusal hangs on the group alone. staged: number, "
        "sum and sum of squares of the staged answers.",
        "population_shares": {
            each.group_id: dict(zip(people.GROUPS, shares[district].round(6).tolist(), strict=True))
            for district, each in enumerate(DISTRICTS)
        },
        "items": items,
        "staged": staged,
    }


def _cooperation(account: Account) -> Truth:
    counted: dict[str, dict[str, int]] = {}
    for code, giver, taker, count in _rows(account.tallies["by_district_and_pair"]):
        district = next(each for each in DISTRICTS if each.code == code)
        counted.setdefault(district.group_id, {})[f"{giver}>{taker}"] = count
    possible = len(requests.AGENCIES) * (len(requests.AGENCIES) - 1)
    return {
        "definition": "Staged handoffs by district and pair of agencies (from>to). density: planted ways as a share of "
        "all ordered pairs of the agencies. The broker stands between all others in its district, who hand on to no "
        "one else. linked: pairs that hand on in either direction or go to incidents together, by district. absent: "
        "declared, without any case; alone: in charge of requests, without a link. acknowledged_hours: true median of "
        "every pair, those never acknowledged among them. Nothing changes from one year to the next.",
        "agencies": list(requests.AGENCIES),
        "density": {
            each.group_id: round(len(way) / possible, 6) for each, way in zip(DISTRICTS, requests.WAYS, strict=True)
        },
        "broker": dict(zip(("district", "agency"), requests.BROKER, strict=True)),
        "by_district_and_pair": counted,
        "linked": {
            each.group_id: sorted("-".join(sorted(pair)) for pair in _linked(way))
            for each, way in zip(DISTRICTS, requests.WAYS, strict=True)
        },
        "absent": ["market_supervision"],
        "alone": ["labour_office"],
        "acknowledged_hours": round(requests.acknowledged_hours(), 6),
    }


def _linked(ways: Sequence[tuple[int, int]]) -> set[frozenset[str]]:
    """Pairs that hand on to one another, or go to incidents together."""
    handed_on = {frozenset((requests.AGENCIES[one], requests.AGENCIES[other])) for one, other in ways}
    together = (each.split("|") for each in incidents.AGENCIES)
    return handed_on | {frozenset(each) for each in together if len(each) == 2}


def _participation(account: Account) -> Truth:
    highest = account.tallies["highest_level"]
    counted = highest.group_by("subject", "value").len()
    by_subject: dict[str, dict[str, int]] = {subject: {} for subject in people.SUBJECTS}
    for subject, level, count in _rows(counted):
        by_subject[subject]["none" if level is None else str(level)] = count
    last = max(day for day in profiles.QUARTER_DAYS if day <= day_number(AS_OF))
    new_citizens: Truth = {
        area_id(code): {"people": 0, "levels": 0, "registered": profiles.volunteers(at, last)}
        for at, code in enumerate(BEAT_CODES)
    }
    for area, _, level in _rows(account.tallies["newest_level"]):
        new_citizens[area_id(area)]["people"] += 1
        new_citizens[area_id(area)]["levels"] += level or 0
    return {
        "definition": "People and enterprises by subject and the highest level that they came to in staged "
        "activities; none: only with a level that cannot be used. new_citizens: by area, of the twelve months up to "
        "as_of, how many took part, the sum of their highest levels, and how many are registered as volunteers.",
        "by_highest_level": by_subject,
        "new_citizens": new_citizens,
    }


def _waiting() -> Truth:
    return {
        "definition": "New citizens wait so many times as long (factor) as residents until a request of the same "
        "category is closed; log_ratio is its natural logarithm. They ask more often for what takes long anyway.",
        "factor": requests.NEW_CITIZENS_WAIT,
        "log_ratio": round(float(np.log(requests.NEW_CITIZENS_WAIT)), 6),
    }


def _workload() -> Truth:
    """Tell how uneven the expected incidents of a beat are for its expected patrol, up to the planted change."""
    hours = np.array([beat.population**patrols.GROWS_WITH for beat in BEATS])
    crime = np.array([beat.crime_weight for beat in BEATS])
    order = np.argsort(crime / hours)
    shares = (np.append(0.0, np.cumsum(each[order])) / each.sum() for each in (hours, crime))
    x, y = shares
    return {
        "definition": "Gini coefficient of expected incidents per expected hour on patrol over the beats, before the "
        "planted change: twice the area between Lorenz curve and diagonal.",
        "gini": round(float(1 - np.sum(np.diff(x) * (y[1:] + y[:-1]))), 6),
    }


def _patrol_plans(account: Account) -> Truth:
    planned, done = (
        {row[:-1]: row[-1] for row in _rows(account.tallies[name])}
        for name in ("planned_seconds", "patrolled_as_planned_seconds")
    )
    by_area: dict[str, dict[str, list[int]]] = {}
    for (area, year), seconds in planned.items():
        by_area.setdefault("unknown" if area is None else area_id(area), {})[str(year)] = [done[area, year], seconds]
    return {
        "definition": "missed: share of planned legs that were never walked, by district. seconds: patrolled within "
        "the plan, and planned, of staged legs that tell both, by area and year of the leg. to_hottest_block: "
        "share of legs that go to the most visited block of their beat, by district; the others go anywhere.",
        "missed": {each.group_id: missed / 16 for each, missed in zip(DISTRICTS, patrols.MISSED_OF_16, strict=True)},
        "to_hottest_block": {
            each.group_id: sent / 32 for each, sent in zip(DISTRICTS, patrols.TO_HOTTEST_OF_32, strict=True)
        },
        "seconds": by_area,
    }


def _people() -> Truth:
    last = max(day for day in profiles.QUARTER_DAYS if day <= day_number(AS_OF))
    return {
        "definition": "True residents by area at the first day and at the last profile before as_of, and its size.",
        "first_day": FIRST_DAY.isoformat(),
        "population": {
            area_id(code): {
                "first": profiles.population(at, 0),
                "last": profiles.population(at, last),
                "area_km2": area_km2(at),
            }
            for at, code in enumerate(BEAT_CODES)
        },
    }
