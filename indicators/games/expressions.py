"""Expressions of a payoff table: numbers, names, + - * / and brackets, and nothing else.

Belongs here: what may be written, its value, and in which names it is linear. Not here: which names there are
(`tables`). Python parses, nothing is ever executed.
"""

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LONGEST = 300
"""Characters of an expression: a longer one is no entry of a table that people read."""
_TOKEN = re.compile(r"\s+|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|[A-Za-z]\w*|[-+*/()]", re.ASCII)
_ALLOWED = "an entry is made of numbers, names of parameters, + - * / and brackets"
_OPERATORS: dict[type[ast.operator], np.ufunc] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


class ExpressionError(ValueError):
    """An expression that cannot be used.

    Attributes
    ----------
    problem : str
        What is wrong, with what to write instead.
    column : int
        Where, from 1.
    """

    def __init__(self, problem: str, column: int, text: str) -> None:
        super().__init__(f"{problem} (column {column} of {text!r})")
        self.problem, self.column = problem, column


@dataclass(frozen=True)
class Expression:
    """An expression as it was written; `parse` makes one.

    Attributes
    ----------
    text : str
    """

    text: str

    @cached_property
    def _tree(self) -> ast.expr:
        return _parsed(self.text)

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the parameters in it."""
        return frozenset(node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name))

    def value(self, values: Mapping[str, npt.ArrayLike]) -> Floats:
        """Return its value.

        Parameters
        ----------
        values : mapping of str to array_like
            Of each name, shapes that broadcast.

        Returns
        -------
        array of float
            Infinite or not a number where it divides by zero.

        Raises
        ------
        KeyError
            If a name has no value.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return _value(self._tree, values)

    def is_linear_in(self, name: str) -> bool:
        """Whether it is a constant plus a multiple of one parameter, the others held."""
        return _degree(self._tree, name) <= 1


def parse(text: str) -> Expression:
    """Read an expression.

    Raises
    ------
    ExpressionError
        With the column and what to write, if it holds anything else.
    """
    expression = Expression(text)
    _ = expression._tree
    return expression


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters: split it into parameters", LONGEST + 1, text[:40])
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ExpressionError(f"{text[at]!r} has no meaning here: {_ALLOWED}", at + 1, text)
        if token["number"] and not math.isfinite(float(token["number"])):
            raise ExpressionError(f"{token['number']} is too large a number", at + 1, text)
        at = token.end()
    lead = len(text) - len(text.lstrip())
    line = re.sub(r"\s", " ", text.strip())
    if not line:
        raise ExpressionError(f"nothing is written: {_ALLOWED}", 1, text)
    try:
        tree = ast.parse(line, mode="eval").body
    except (SyntaxError, MemoryError, RecursionError) as error:
        # What breaks off is told at no place: it is the end.
        offset = (error.offset or len(line) + 1) if isinstance(error, SyntaxError) else 1
        raise ExpressionError(f"no expression: {_ALLOWED}", lead + offset, text) from None
    _check(tree, lead, text)
    return tree


def _check(node: ast.expr, lead: int, text: str) -> None:
    """Refuse every node but numbers, names, the four operations and signs."""
    column = lead + node.col_offset + 1
    if isinstance(node, ast.BinOp):
        _check(node.left, lead, text)
        if type(node.op) not in _OPERATORS:
            sign = "**" if isinstance(node.op, ast.Pow) else "//"
            after = lead + (node.left.end_col_offset or 0)
            raise ExpressionError(f"{sign} is not known: {_ALLOWED}", text.find(sign, after) + 1, text)
        _check(node.right, lead, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, lead, text)
    elif isinstance(node, ast.Call):
        raise ExpressionError("write * between what is multiplied; there are no functions", column, text)
    elif not isinstance(node, ast.Name) and not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ExpressionError(f"this cannot stand here: {_ALLOWED}", column, text)


def _value(node: ast.expr, values: Mapping[str, npt.ArrayLike]) -> Floats:
    if isinstance(node, ast.BinOp):
        found: Floats = _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
        return found
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, values)
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.Name):
        return np.asarray(values[node.id], dtype=np.float64)
    return np.asarray(float(ast.literal_eval(node)))


def _degree(node: ast.expr, name: str) -> float:
    """Degree of the polynomial in a name; infinite where something is divided by it."""
    if isinstance(node, ast.Name):
        return float(node.id == name)
    if isinstance(node, ast.UnaryOp):
        return _degree(node.operand, name)
    if isinstance(node, ast.BinOp):
        left, right = _degree(node.left, name), _degree(node.right, name)
        if isinstance(node.op, ast.Mult):
            return left + right
        if isinstance(node.op, ast.Div):
            return left if right == 0 else math.inf
        return max(left, right)
    return 0.0
