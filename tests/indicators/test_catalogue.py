from pathlib import Path

import pytest

from indicators.catalogue.entries import COMPUTED
from indicators.catalogue.reading import CatalogueError, load_catalogue, read_entry

# The 47 of the catalogue's design, by dimension.
CODES = {
    *(f"M{n}" for n in range(1, 6)),
    *(f"L{n}" for n in range(1, 6)),
    *(f"F{n}" for n in range(1, 6)),
    *(f"B{n}" for n in range(1, 7)),
    *(f"T{n}" for n in range(1, 5)),
    *(f"K{n}" for n in range(1, 4)),
    *(f"R{n}" for n in range(1, 5)),
    *(f"S{n}" for n in range(1, 7)),
    *(f"G{n}" for n in range(1, 4)),
    *(f"E{n}" for n in range(1, 3)),
    *(f"N{n}" for n in range(1, 5)),
}
GOOD = """\
id: X1
title: {en: Shootings found by calls, zh: 报警发现的枪击}
about: {en: a, zh: 甲}
caveats: {en: a, zh: 甲}
dimension: mechanism
subject: all
polarity: lower
unit: per 10 000
decimals: 1
kind: rate
formula: {en: events / person-years, zh: 案件 ÷ 人年}
needs: [incident.category]
interval: byar
min_denominator: 1000
maturity_days: 0
period_kinds: [month]
reference: none
intended_use: {en: a, zh: 甲}
forbidden_use: {en: a, zh: 甲}
gaming: {en: a, zh: 甲}
measure: msr_incident_day
numerator:
  column: incidents_ppm
  where:
    found_by: {except: [patrol]}
    category: ["0101"]
scale: 1000000
per: 10000
"""

COUNTED = GOOD[GOOD.index("measure:") : GOOD.index("scale:")]
BASE = "base: {measure: msr_service_day, column: closed, where: {source: [s]}}"
RATIO = {"kind: rate": "kind: ratio", "byar": "ratio_of_counts", "scale: 1000000": f"scale: 1000000\n{BASE}"}
NEAR = {
    "kind: rate": "kind: near_repeat",
    "byar": "cluster",
    "[month]": "[year]",
    COUNTED: "measure: msr_incident_basis_day\nwhere: {category: ['05']}\nnear: {metres: 200, days: 14}\n",
}


def write(folder: Path, text: str, name: str = "X1.yml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_whole_catalogue_is_there_and_valid() -> None:
    entries = load_catalogue()
    assert {entry.id for entry in entries} >= CODES
    assert len(CODES) == 47
    assert len({entry.title.en for entry in entries}) == len({entry.title.zh for entry in entries}) == len(entries)


@pytest.mark.parametrize("entry", load_catalogue(), ids=lambda entry: entry.id)
def test_every_entry_is_in_both_languages_and_says_what_it_needs(entry) -> None:
    uses = (entry.formula, entry.intended_use, entry.forbidden_use, entry.gaming)
    for text in (entry.title, entry.about, entry.caveats, *uses):
        assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)
        assert not any("\u4e00" <= character <= "\u9fff" for character in text.en)
    if entry.measure is None:
        assert entry.needs, "an entry without a measure must name what it lacks"
    if entry.kind in ("rate", "weighted_rate") and entry.measure:
        assert entry.min_denominator == 1000


def test_an_analyst_adds_an_indicator_without_python(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (entry,) = load_catalogue(tmp_path)
    assert entry.numerator is not None
    assert entry.numerator.where[0]["found_by"].excluded == ["patrol"]
    assert entry.numerator.where[0]["category"].values == ["0101"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("polarity: lower", "polarity: downwards", 7, "polarity"),
        ("decimals: 1", "decimals: one", 9, "decimals"),
        ("title: {en: Shootings found by calls, zh: 报警发现的枪击}", "title: {en: Shootings}", 2, "title.zh"),
        ("needs: [incident.category]", "needs: [category]", 12, "needs"),
        ('category: ["0101"]', "category: [0101]", 26, "string"),
        ("category:", "colour:", 1, "no dimension colour"),
        ("column: incidents_ppm", "column: incident", 1, "no count incident; it has incidents_ppm"),
        ("measure: msr_incident_day", "measure: msr_incidents", 1, "no msr_incidents"),
        ("interval: byar", "interval: wilson", 1, "a rate takes byar"),
        ("kind: rate", "kind: mean", 1, "mean cannot be computed yet"),
        ("kind: rate", "kind: proportion", 1, "takes wilson"),
        ("scale: 1000000", "scale: 1000000\ncolour: red", 28, "colour"),
        ("scale: 1000000", "scale: 0", 27, "scale"),
        ("{except: [patrol]}", "{but: [patrol]}", 25, "but"),
        ("{except: [patrol]}", "{}", 25, "give a list of values"),
        ("unit: per 10 000", "unit: per 10 000\nunit: again", 9, "given twice"),
        ("id: X1", "id: X2", 1, "must be the file's name"),
        ("id: X1", "id: [X1", 2, "not valid YAML"),
        ("period_kinds: [month]", "period_kinds: [month, month]", 1, "listed twice"),
    ],
)
def test_a_bad_entry_is_refused_with_file_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(CatalogueError) as error:
        read_entry(file)
    assert f"{file}:{line}:" in str(error.value)
    assert said in str(error.value)


def test_every_fault_of_an_entry_is_named_at_once(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("decimals: 1", "decimals: -1").replace("subject: all", "subject: some"))
    with pytest.raises(CatalogueError) as error:
        read_entry(file)
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"measure: msr_incident_day\n": ""}, "need a measure"),
        ({"kind: rate": "kind: survival_quantile", "byar": "kaplan_meier"}, "leave numerator and denominator out"),
        ({"kind: rate": "kind: proportion", "byar": "wilson"}, "a proportion has one"),
        ({"scale: 1000000": "scale: 1000000\nwhere: {category: ['05']}"}, "says in its numerator and denominator"),
        ({"scale: 1000000": "scale: 1000000\nnear: {metres: 200, days: 14}"}, "a near_repeat has it"),
        ({**NEAR, "near: {metres: 200, days: 14}": ""}, "a near_repeat has it"),
        ({**NEAR, "metres: 200": "metres: 0"}, "near.metres"),
        ({**NEAR, "[year]": "[year, month]"}, "a near_repeat is not told by month"),
        ({**NEAR, "where: {category": "where: {local_category"}, "has no dimension local_category"),
        ({**NEAR, "msr_incident_basis_day": "msr_incident_day"}, "takes the measure msr_incident_basis_day"),
        ({"scale: 1000000": "scale: 1000000\nwhere: {colour: [red]}"}, "has no dimension colour"),
        ({"kind: rate": "kind: ratio", "byar": "ratio_of_counts"}, "a ratio has it"),
        ({"scale: 1000000": f"scale: 1000000\n{BASE}"}, "a ratio has it"),
        ({**RATIO, "[month]": "[month, week]"}, "a ratio is not told by days and weeks"),
        ({**RATIO, "column: closed": "column: shut"}, "msr_service_day has no count shut"),
        ({**RATIO, "msr_service_day": "msr_services"}, "measure: no msr_services"),
        ({**RATIO, "source: [s]": "colour: [red]"}, "msr_service_day has no dimension colour"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(tmp_path: Path, change: dict[str, str], said: str) -> None:
    text = GOOD
    for old, new in change.items():
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(CatalogueError, match=said):
        read_entry(write(tmp_path, text))


@pytest.mark.parametrize("text", ["", "- a\n- b\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CatalogueError, match="mapping of fields"):
        read_entry(write(tmp_path, text))


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "X1.yml"
    file.write_bytes(GOOD.encode("gb18030"))
    with pytest.raises(CatalogueError, match="not UTF-8"):
        read_entry(file)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no catalogue entry"):
        load_catalogue(tmp_path)


def test_computed_kinds_are_used() -> None:
    computed = {entry.kind for entry in load_catalogue() if entry.is_computed}
    assert computed == set(COMPUTED)
