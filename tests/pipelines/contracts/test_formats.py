"""Formats of the standard and of the engine, each as the other writes it."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.formats import engine_format, jdk_format
from pipelines.warehouse import literal

CON = duckdb.connect()


@pytest.mark.parametrize(
    ("engine", "standard"),
    [
        ("%Y-%m-%d", "yyyy-MM-dd"),
        ("%d.%m.%Y %H:%M:%S", "dd.MM.yyyy HH:mm:ss"),
        ("%Y-%m-%dT%H:%M", "yyyy-MM-dd'T'HH:mm"),
        ("%m/%d/%y %I:%M %p", "MM/dd/yy hh:mm a"),
        ("%Y年%m月", "yyyy'年'MM'月'"),
    ],
)
def test_a_pattern_is_written_as_the_standard_does_and_back(engine: str, standard: str) -> None:
    assert jdk_format(engine) == standard
    assert engine_format(standard) == engine


@pytest.mark.parametrize("pattern", ["%Q", "%", "%Y'", "%j"])
def test_what_the_standard_cannot_say_is_not_written(pattern: str) -> None:
    assert jdk_format(pattern) is None


@pytest.mark.parametrize("pattern", ["yyyy-MM-ddXXX", "EEEE", "yyyy 'open"])
def test_what_the_engine_cannot_read_is_not_guessed(pattern: str) -> None:
    assert engine_format(pattern) is None


@given(
    st.lists(st.sampled_from(["%Y", "%m", "%d", "%H", "%M", "%S"]), min_size=1, max_size=6, unique=True),
    st.sampled_from(["-", " ", "/", "T", ".", ":"]),
    st.datetimes(),
)
def test_a_time_is_read_alike_by_a_pattern_and_its_translation(parts: list[str], between: str, moment: object) -> None:
    pattern = between.join(parts)
    translated = engine_format(jdk_format(pattern) or "")
    assert translated is not None
    told = literal(str(moment))
    row = CON.execute(
        f"select strptime(text, '{pattern}') = strptime(text, {literal(translated)}) "
        f"from (select strftime(timestamp {told}, '{pattern}') as text)"
    ).fetchone()
    assert row == (True,)
