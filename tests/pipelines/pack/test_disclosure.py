"""Disclosure control as packs declare it."""

from pathlib import Path

import pytest

from pipelines.errors import WardlightError
from pipelines.pack.city import load_city_pack
from tests.pipelines.small_pack import CITY_YML, write_pack


def pack_with(folder: Path, disclosure: str, public: bool = True) -> Path:
    text = CITY_YML.replace("disclosure: open\n", disclosure)
    write_pack(folder)
    (folder / "city.yml").write_text(
        text if public else text.replace("    public_record: true\n", ""), encoding="utf-8"
    )
    return folder


def test_small_counts_are_protected_unless_the_pack_says_otherwise(tmp_path: Path) -> None:
    protection = load_city_pack(pack_with(tmp_path, "")).protection
    assert (protection.profile, protection.finest, protection.is_exact) == ("hes", "month", False)


def test_single_indicators_may_be_published_otherwise(tmp_path: Path) -> None:
    given = "disclosure: {profile: acro, finest: quarter, indicators: {B2: {finest: year, hidden_levels: [ward]}}}\n"
    protection = load_city_pack(pack_with(tmp_path, given)).protection
    assert (protection.profile, protection.finest) == ("acro", "quarter")
    assert protection.finest_of == {"B2": "year"}
    assert protection.hidden_levels == {"B2": frozenset({"ward"})}


def test_exact_counts_need_public_records(tmp_path: Path) -> None:
    with pytest.raises(WardlightError, match="calls is not declared as public record") as caught:
        load_city_pack(pack_with(tmp_path, "disclosure: open\n", public=False))
    assert "public_record: true" in str(caught.value)
    assert load_city_pack(pack_with(tmp_path, "disclosure: internal\n", public=False)).protection.is_exact


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("disclosure: {indicators: {Z9: {finest: year}}}\n", "indicator 'Z9' is not in the catalogue"),
        ("disclosure: {indicators: {B2: {hidden_levels: [street]}}}\n", "there is no area level 'street'"),
        ("disclosure: {finest: day}\n", "finest"),
        ("disclosure: secret\n", "disclosure"),
    ],
)
def test_what_there_is_not_is_refused_with_its_line(tmp_path: Path, given: str, message: str) -> None:
    with pytest.raises(WardlightError, match=message) as caught:
        load_city_pack(pack_with(tmp_path, given))
    assert "city.yml:7" in str(caught.value)
