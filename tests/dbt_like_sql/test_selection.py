"""Selecting models: each form of a word by hand, the graph against brute force, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import Model, Project, load_project
from dbt_like_sql.selection import SelectionError, select

LARGEST = 7


def make(project: Project, reads: dict[str, set[str]], **tags: str) -> Project:
    """Make a project of models in the folder `facts` (names with `m_` in `measures`), each after what it reads."""
    like = project.model("fct_patrol")
    root = like.path.parents[2]

    def model(name: str) -> Model:
        folder = "measures" if name.startswith("m_") else "facts"
        return replace(
            like,
            name=name,
            schema=folder,
            path=root / "models" / folder / f"{name}.sql",
            depends_on=tuple(sorted(reads[name])),
            tags=(tags.get(name, "plain"),),
        )

    return Project(tuple(model(name) for name in reads), (), (), ())


@pytest.fixture(scope="session")
def diamond(project: Project) -> Project:
    """`a` is read by `b` and `c`, both by `m_d`, that by `m_e`; `z` is apart."""
    reads = {"a": set(), "z": set(), "c": {"a"}, "b": {"a"}, "m_d": {"b", "c"}, "m_e": {"m_d"}}
    return make(project, reads, b="hot", m_d="hot")


def names(project: Project, *words: str, exclude: tuple[str, ...] = ()) -> str:
    return " ".join(model.name for model in select(project, words, exclude))


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        ("", "a z c b m_d m_e"),
        ("b", "b"),
        ("b a", "a b"),  # the project's order, not the words'
        ("b b", "b"),
        ("m_*", "m_d m_e"),
        ("*e", "m_e"),
        ("facts", "a z c b"),
        ("facts.b", "b"),
        ("measures.*", "m_d m_e"),
        ("f*z z", None),
        ("tag:hot", "b m_d"),
        ("tag:h*", "b m_d"),
        ("path:models/facts", "a z c b"),
        ("path:models/facts/", "a z c b"),
        ("path:./models/facts/b.sql", "b"),
        ("path:dbt_like_sql/models/measures", "m_d m_e"),
        ("path:models", "a z c b m_d m_e"),
        ("+b", "a b"),
        ("+m_e", "a c b m_d m_e"),
        ("1+m_e", "m_d m_e"),
        ("2+m_e", "c b m_d m_e"),
        ("0+m_e", "m_e"),
        ("b+", "b m_d m_e"),
        ("a+1", "a c b"),
        ("1+m_d+1", "c b m_d m_e"),
        ("+tag:hot", "a c b m_d"),
        ("+b+", "a b m_d m_e"),
        ("@b", "a c b m_d m_e"),
        ("@z", "z"),
        ("tag:hot,path:models/facts", "b"),
        ("a+,+m_d,tag:hot", "b m_d"),
        ("tag:hot,facts z", "z b"),
    ],
)
def test_words_select(diamond: Project, words: str, selected: str | None) -> None:
    if selected is None:
        with pytest.raises(SelectionError):
            names(diamond, *words.split())
    else:
        assert names(diamond, *words.split()) == selected


def test_exclude_leaves_out(diamond: Project) -> None:
    assert names(diamond, exclude=("tag:hot",)) == "a z c m_e"
    assert names(diamond, "a+", exclude=("b+", "a")) == "c"


@pytest.mark.parametrize(
    ("words", "exclude", "told"),
    [
        (("m_dd",), (), "--select m_dd: no model is called m_dd: did you mean m_d"),
        (("x9",), (), "--select x9: no model is called x9: there are a, b, c, facts, m_d, m_e, measures, z"),
        (("a", "tag:hott+"), (), "--select tag:hott+: no model has the tag hott: did you mean hot?"),
        (("path:models/fact",), (), "no model is in models/fact: did you mean models/facts"),
        (("path:/",), (), "no model is in /: there are models"),
        (("tga:hot",), (), "`tga:` is not known: did you mean tag:?"),
        (("source:staging.incident",), (), "`source:` is not known: write a model's name, tag:"),
        (("a+b",), (), "--select a+b: `a+b` is not understood: write"),
        (("a,",), (), "--select a,: `` is not understood"),
        (("+",), (), "`+` is not understood"),
        (("a++",), (), "`a++` is not understood"),
        (("-1+a",), (), "-1+a"),
        (("@b+",), (), "leave the + out"),
        (("@+b",), (), "leave the + out"),
        (("a,b",), (), "--select a,b: no model fits all of its terms"),
        ((), ("m_dd",), "--exclude m_dd: no model is called m_dd"),
        (("a", "b"), ("b+", "+b"), r"--exclude b+ +b: leaves no model"),
    ],
)
def test_what_selects_nothing_is_refused(
    diamond: Project, words: tuple[str, ...], exclude: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ProjectError) as error:
        select(diamond, words, exclude)
    assert told in str(error.value)


def test_paths_start_at_the_folder_of_models_wherever_the_project_is(tmp_path: Path) -> None:
    # The folder's own name is that of the folder of models.
    root = tmp_path / "models" / "small"
    for name, content in {
        "dbt_project.yml": "name: small\n",
        "models/deep/er/one.sql": "select 1 as n\n",
        "models/other/two.sql": "select n from {{ ref('one') }}\n",
        "models/all.yml": "version: 2\nmodels:\n"
        + "".join(
            f"  - {{name: {model}, description: d, columns: [{{name: n, description: d, data_type: integer}}]}}\n"
            for model in ("one", "two")
        ),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    small = load_project(root)
    assert names(small, "path:models/deep") == "one"
    assert names(small, "path:models/deep/er") == "one"
    assert names(small, "path:models/*/two.sql") == "two"
    with pytest.raises(SelectionError, match="no model is in small"):
        select(small, ["path:small"])


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, set[str]]:
    """Draw models, each reading some of those before it."""
    reads: dict[str, set[str]] = {}
    for at in range(draw(st.integers(1, LARGEST))):
        reads[f"n{at}"] = draw(st.sets(st.sampled_from(list(reads)))) if reads else set()
    return reads


def distances(reads: dict[str, set[str]]) -> dict[tuple[str, str], float]:
    """Find the steps from each model to each that it reads, directly or not: Floyd and Warshall's algorithm."""
    found = {(a, b): 0.0 if a == b else 1.0 if b in reads[a] else float("inf") for a in reads for b in reads}
    for k in reads:
        for a in reads:
            for b in reads:
                found[a, b] = min(found[a, b], found[a, k] + found[k, b])
    return found


operators = st.one_of(st.none(), st.just(""), st.integers(0, LARGEST).map(str))


@given(reads=graphs(), data=st.data())
def test_graph_operators_are_those_of_brute_force(project: Project, reads: dict[str, set[str]], data: Any) -> None:
    made, steps = make(project, reads), distances(reads)

    def drawn_term() -> tuple[str, set[str]]:
        name = data.draw(st.sampled_from(sorted(reads)))
        up, down, at = data.draw(operators), data.draw(operators), data.draw(st.booleans())
        if at:
            below = {other for other in reads if steps[other, name] < float("inf")}
            return f"@{name}", {other for other in reads if any(steps[each, other] < float("inf") for each in below)}
        furthest = {None: 0, "": LARGEST}
        ups, downs = furthest.get(up, int(up or 0)), furthest.get(down, int(down or 0))
        word = f"{'' if up is None else f'{up}+'}{name}{'' if down is None else f'+{down}'}"
        return word, {other for other in reads if steps[name, other] <= ups or steps[other, name] <= downs}

    def drawn_words() -> tuple[list[str], set[str]]:
        words, union = [], set()
        for _ in range(data.draw(st.integers(1, 3))):
            terms = [drawn_term() for _ in range(data.draw(st.integers(1, 2)))]
            both = set.intersection(*(found for _, found in terms))
            if both:
                words.append(",".join(term for term, _ in terms))
                union |= both
        return words, union

    (words, wanted), (exclude, unwanted) = drawn_words(), drawn_words()
    expected = [name for name in reads if name in (wanted if words else reads) and name not in unwanted]
    if expected:
        assert [model.name for model in select(made, words, exclude)] == expected
    else:
        with pytest.raises(SelectionError, match="leaves no model"):
            select(made, words, exclude)
