"""SQL as HTML: the text stays what it is, whatever it is; names lead to pages."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_like_sql.docs.highlighting import highlighted

LINKS = {"facts.fct_a": "facts.fct_a.html", "ref.fct_a": "facts.fct_a.html", "source.area": "staging.area.html"}
PIECES = ["select ", "'", "--", "\n", "{{ ", " }}", "{% ", " %}", "<b>", "&", "facts.fct_a", "ref('fct_a')", "1e6", "ö"]


def text_of(marked: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", marked))


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4)).map("".join))
def test_the_text_is_kept_and_nothing_of_it_is_markup(sql: str) -> None:
    marked = str(highlighted(sql, LINKS))
    assert text_of(marked) == sql
    assert set(re.findall(r"<[^>]*>", marked)) <= {
        "</a>",
        "</span>",
        '<a href="facts.fct_a.html">',
        *(f'<span class="{kind}">' for kind in ("comment", "string", "jinja", "number", "keyword")),
    }


@pytest.mark.parametrize(
    ("sql", "marked"),
    [
        ("from facts.fct_a as a", '<a href="facts.fct_a.html">facts.fct_a</a>'),
        ("from {{ ref('fct_a') }}", """{{ <a href="facts.fct_a.html">ref(&#39;fct_a&#39;)</a> }}"""),
        ("{{ source('staging', 'area') }}", '<a href="staging.area.html">source('),
        ("SELECT n", '<span class="keyword">SELECT</span> n'),
        ("a -- from facts.fct_a\nb", '<span class="comment">-- from facts.fct_a</span>\nb'),
        ("'it''s -- all' x", '<span class="string">&#39;it&#39;&#39;s -- all&#39;</span> x'),
        ("{{ ref('gone') }}", '<span class="jinja">{{ ref(&#39;gone&#39;) }}</span>'),
        ("selected 1.5 from_x", 'selected <span class="number">1.5</span> from_x'),
    ],
)
def test_parts_are_marked(sql: str, marked: str) -> None:
    assert marked in highlighted(sql, LINKS)
