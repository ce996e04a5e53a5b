"""The language of payoff tables: what it means, and that nothing else gets in."""

import ast
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.games.expressions import LONGEST, ExpressionError, parse

NAMES = {"reward": 4.0, "cost": 3.0, "b1": -0.5}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("reward - cost", 1.0),
        (" 2*(reward+cost)/7 ", 2.0),
        ("-b1 + +1.5e1 - .5", 15.0),
        ("reward/cost*3 - 2", 2.0),
        ("(reward\n  + cost)", 7.0),
        ("0", 0.0),
    ],
)
def test_values(text: str, value: float) -> None:
    assert parse(text).value(NAMES) == pytest.approx(value)


def test_values_of_arrays_broadcast() -> None:
    found = parse("a * b + 1").value({"a": np.array([[1.0], [2.0]]), "b": np.array([1.0, 2.0, 3.0])})
    assert found.tolist() == [[2, 3, 4], [3, 5, 7]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 1, "nothing is written"),
        ("reward ** 2", 8, "** is not known"),
        ("1 + reward // 2", 12, "// is not known"),
        ("reward % 2", 8, "'%' has no meaning"),
        ("max(reward, 2)", 11, "',' has no meaning"),
        ("max(reward)", 1, "no functions"),
        ("2 (reward)", 1, "write * between"),
        ("2reward", 1, "'2' has no meaning"),
        ("reward.real", 7, "'.' has no meaning"),
        ("__import__", 1, "'_' has no meaning"),
        ("'a'", 1, '"\'" has no meaning'),
        ("a[0]", 2, "'[' has no meaning"),
        ("1 if a else 2", 1, "cannot stand here"),
        ("a and b", 1, "cannot stand here"),
        ("not a", 1, "cannot stand here"),
        ("  True", 3, "cannot stand here"),
        ("lambda", 7, "no expression"),
        ("(a", 1, "no expression"),
        ("a +", 4, "no expression"),
        ("a b", 3, "no expression"),
        ("1j", 1, "has no meaning"),
        ("0x1F", 1, "has no meaning"),
        ("1_000", 1, "has no meaning"),
        ("1e999", 1, "too large"),
        ("奖励 - 1", 1, "has no meaning"),
        ("a # b", 3, "'#' has no meaning"),
        ("a := 1", 3, "':' has no meaning"),
        ("1 + " * LONGEST, LONGEST + 1, "split it"),
        ("(" * 250 + "a" + ")" * 49, 201, "no expression"),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, column: int, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert said in caught.value.problem
    assert caught.value.column == column


_WRITTEN = st.recursive(
    st.sampled_from(["a", "b", "2", "0.5", "3.0"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        inner.map(lambda part: f"-{part}"),
    ),
    max_leaves=8,
)
_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


@given(text=_WRITTEN)
def test_values_are_those_of_arithmetic(text: str) -> None:
    values = {"a": 1.25, "b": -3.5}
    try:
        expected = eval(text, {"__builtins__": {}}, values)
    except ZeroDivisionError:
        assert not np.isfinite(parse(text).value(values))
    else:
        assert parse(text).value(values) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "is_linear"),
    [
        ("a", True), ("b", True), ("3 * a - b / 2", True), ("a * b", True), ("a * a", False), ("b / a", False),
        ("a / b", True), ("(a + b) * (a - b)", False), ("-(a - 1) * 2", True), ("2 / (b * 3) * a", True),
    ],
)  # fmt: skip
def test_linear_in_a(text: str, is_linear: bool) -> None:
    assert parse(text).is_linear_in("a") is is_linear


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        parse("a + b").value({"a": 1.0})
    assert parse("a + b * a").names == {"a", "b"}
