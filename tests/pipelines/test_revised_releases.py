"""Three nights of a small city: a late record, a correction and another definition, each told with its reason."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.publishing import release
from tests.conftest import wardlight
from tests.pipelines.released import query
from tests.pipelines.small_pack import CITY_YML, text_of, write_pack

pytestmark = pytest.mark.slow

FIRST, DAYS = date(2016, 1, 1), 182
PEOPLE = "ward,people\n1,100000\n2,200000\n3,300000\n"
CITY = CITY_YML.replace(
    "disclosure: open\n", "disclosure: open\nreleases: {keep_last: 2, keep_month_ends: 0}\n"
).replace(
    "      category: what\n", "      recorded_at: \"strptime(updated, '%Y-%m-%d %H:%M')\"\n      category: what\n"
)


def rows() -> list[dict[str, str]]:
    """Make a theft a day and ward, recorded on the day (half of them), the next one, or after three."""
    found = []
    for number in range(DAYS * 3):
        day = FIRST + timedelta(days=number // 3)
        delay = (0, 0, 1, 3)[(number // 3 + number % 3) % 4]
        found.append(
            {"id": str(number), "area": str(number % 3 + 1), "start": f"{day} 12:00", "what": "050211", "prio": "1"}
            | {"updated": f"{day + timedelta(days=delay)} 13:00"}
        )
    return found


def night(folder: Path, as_of: str, content: list[dict[str, str]], people: str = PEOPLE) -> None:
    full = [{**dict.fromkeys(("end", "closed", "x", "y"), ""), **row} for row in content]
    write_pack(folder, {"calls.csv": text_of(full), "people.csv": people}, CITY)
    done = wardlight("nightly", "--city", folder, "--home", folder / "home", "--as-of", as_of)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three releases: of 30 June, of the same with changed records a day later, and with other residents a day on."""
    folder = tmp_path_factory.mktemp("revised")
    given = rows()
    night(folder, "2016-06-28", given)
    late = {"id": "late", "area": "1", "start": "2016-03-15 12:00", "what": "050211", "updated": "2016-06-29 09:00"}
    # A theft in ward 2 of which it turned out that it was none.
    corrected = [row | {"what": "0201"} if row["id"] == str(3 * 59 + 1) else row for row in given]
    night(folder, "2016-06-29", [*corrected, late])
    night(folder, "2016-06-30", [*corrected, late], PEOPLE.replace("300000", "400000"))
    return folder


def test_each_change_is_told_with_its_reason(city: Path) -> None:
    second = query(
        city / "home",
        "select area_id, period_start::varchar, numerator_now - numerator_before, reason from revisions "
        "where sequence = 2 and indicator_id = 'B2' and period_kind = 'month' and period_start < '2016-05-01' "
        "order by all",
    )
    assert second == [
        ("city", "2016-02-01", -1.0, "corrected_records"),
        ("city", "2016-03-01", 1.0, "new_records"),
        ("ward-1", "2016-03-01", 1.0, "new_records"),
        ("ward-2", "2016-02-01", -1.0, "corrected_records"),
        ("west", "2016-03-01", 1.0, "new_records"),
    ]
    third = query(
        city / "home",
        "select area_id, max(abs(numerator_now - numerator_before)), list_sort(list(distinct reason)) "
        "from revisions where sequence = 3 and indicator_id = 'B2' and period_kind = 'month' "
        "and period_start < '2016-05-01' group by area_id order by all",
    )
    assert third == [("city", 0.0, ["definition:pack"]), ("ward-3", 0.0, ["definition:pack"])]


def test_the_policy_keeps_two_and_diff_names_the_reason(city: Path) -> None:
    home = city / "home"
    releases = release.listing(home)
    assert [each.manifest["sequence"] for each in releases] == [2, 3]
    told = wardlight("release", "diff", "--home", home, "--indicator", "B2")
    assert told.returncode == 0, told.stderr
    assert "definition:pack, by 25.0% at most" in told.stdout
    manifest = releases[-1].manifest
    assert manifest["trigger"] == "command:nightly"
    assert manifest["previous"] == releases[0].release_id
    assert manifest["data_window"] == {"first_day": "2016-01-01", "last_day": "2016-06-30"}
    assert manifest["quality"]["records"] == {"read": 547, "accepted": 544, "quarantined": 0}
    assert manifest["quality"]["expectations"]["broken"] == 0
    assert all(len(manifest[name]) == 16 for name in ("code_hash", "pack_hash", "catalogue_hash"))


def test_recent_counts_are_foretold_and_come_true(city: Path) -> None:
    """A theft a day and ward: of June all come in the end, some of its last days' not yet."""
    [(counted, expected, low, high)] = query(
        city / "home",
        "select counted, expected, expected_low, expected_high from nowcasts "
        "where indicator_id = 'B2' and area_id = 'city' and period_kind = 'month' and period_start = '2016-06-01'",
    )
    assert counted == 87
    assert expected == pytest.approx(90, abs=1.5)
    assert low <= 90 <= high
    shares = query(
        city / "home", "select round(share, 2) from reporting_delays where indicator_id = 'B2' order by delay_days"
    )
    assert shares[0][0] == pytest.approx(0.5, abs=0.05)
    assert shares[3][0] == shares[-1][0] == 1


def test_a_figure_s_vintages_come_out_of_the_newest_release(city: Path) -> None:
    """The triangle of ward 1: what June was on each date; each revision begins where the one before ended."""
    steps = query(
        city / "home",
        "select sequence, numerator_before, numerator_now from revisions where indicator_id = 'B2' "
        "and area_id = 'ward-1' and period_kind = 'month' and period_start = '2016-03-01' order by sequence",
    )
    assert steps == [(2, 31.0, 32.0)]
    [(now,)] = query(
        city / "home",
        "select numerator from indicator_values where indicator_id = 'B2' and area_id = 'ward-1' "
        "and period_kind = 'month' and period_start = '2016-03-01'",
    )
    assert now == 32
