"""The worked examples of docs/methods/survey.md give what the page prints."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "methods" / "survey.md"


def test_examples_give_what_is_printed() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert tried == PAGE.read_text(encoding="utf-8").count("\n>>> ")
    assert tried > 15
    assert not failed
