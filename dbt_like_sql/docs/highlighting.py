"""SQL as HTML: its parts marked for colours, the names of models and source tables as links."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

_PART = re.compile(
    r"(?P<comment>--[^\n]*|\{#.*?#\})"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<jinja>\{\{.*?\}\}|\{%.*?%\})"
    r"|(?P<number>\b\d[\w.]*)"
    r"|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)",
    re.DOTALL,
)
_CALL = re.compile(r"\bref\(\s*'(?P<model>\w+)'\s*\)|\bsource\(\s*'\w+'\s*,\s*'(?P<table>\w+)'\s*\)")
_KEYWORDS = frozenset(
    """
    all and any as asc between by case cast cross desc distinct else end except exclude exists false filter first from
    full group having in inner intersect interval is join last left like limit materialized not null nulls on or order
    outer over partition range recursive replace right row rows select then true union unnest using values when where
    window with within
    """.split()  # noqa: SIM905 - a list of seventy strings would be a page
)


def highlighted(sql: str, links: Mapping[str, str]) -> Markup:
    """Return SQL, compiled or with its Jinja, as HTML.

    Parameters
    ----------
    sql
        Any text; what is not understood stays plain.
    links
        Address by `schema.name` of a relation, and by what ref() and source() call it: `ref.name`, `source.table`.
    """
    found, at = [], 0
    for part in _PART.finditer(sql):
        found += [escape(sql[at : part.start()]), _marked(part, links)]
        at = part.end()
    return Markup().join([*found, escape(sql[at:])])


def _marked(part: re.Match[str], links: Mapping[str, str]) -> Markup:
    kind, text = str(part.lastgroup), part.group()
    if kind == "word":
        if text in links:
            return _link(text, links[text])
        kind = "keyword" if text.lower() in _KEYWORDS else "plain"
    if kind == "plain":
        return escape(text)
    if kind == "jinja":
        inner, at = [], 0
        for call in _CALL.finditer(text):
            address = links.get(f"ref.{call['model']}" if call["model"] else f"source.{call['table']}")
            if address is not None:
                inner += [escape(text[at : call.start()]), _link(call.group(), address)]
                at = call.end()
        return Markup('<span class="jinja">{}</span>').format(Markup().join([*inner, escape(text[at:])]))
    return Markup('<span class="{}">{}</span>').format(kind, text)


def _link(text: str, address: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(address, text)
