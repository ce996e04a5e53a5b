"""The worked examples of docs/methods/ are run: each block of Python prints the text block that follows it.

The blocks of a page are one script. Every page has one, says when not to use its method, and names its sources.
"""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "methods"
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(FOLDER.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_prints_what_the_page_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("```python")
    names: dict[str, Any] = {}
    for code, expected in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(page), "exec"), names)
        assert printed.getvalue() == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_what_a_stranger_needs(page: Path) -> None:
    heads = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert any(head.startswith("When not to use") for head in heads)
    assert "Sources" in heads
    assert EXAMPLE.search(page.read_text(encoding="utf-8"))


def test_there_are_pages() -> None:
    assert {"composite-index", "coordination", "linkage", "survey", "evolutionary-game"} <= {
        page.stem for page in PAGES
    }
