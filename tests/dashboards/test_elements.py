"""Elements are Dash's own in all but the time that they take to make."""

import json
import time

import pytest
from dash import dcc, html

from dashboards import elements
from dashboards.encoding import Written, as_json, preceded


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("Td", {"children": "7", "className": "number", "colSpan": 2, "data-title": "Value"}),
        ("Div", {"children": [html.P("a"), "b", None], "id": {"card": "B1"}, "aria-label": "x", "role": "region"}),
        ("Img", {"src": "data:,", "alt": ""}),
        ("P", {}),
    ],
)
def test_the_browser_gets_what_dash_would_send(name: str, properties: dict[str, object]) -> None:
    made, whole = getattr(elements, name)(**properties), getattr(html, name)(**properties)
    assert isinstance(made, getattr(html, name))
    assert made.to_plotly_json() == whole.to_plotly_json()
    sent = json.loads(as_json(whole))
    sent["props"] = {name: value for name, value in sent["props"].items() if value is not None}
    assert json.loads(as_json(made)) == sent
    assert repr(made) == repr(whole)


def test_a_link_within_the_application_is_the_one_of_dash() -> None:
    made = elements.InnerLink("there", href="/trend", className="x")
    assert isinstance(made, dcc.Link)
    assert made.to_plotly_json() == dcc.Link("there", href="/trend", className="x").to_plotly_json()


def test_what_an_element_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="Td has no clasName"):
        elements.Td("7", clasName="number")
    with pytest.raises(AttributeError):
        _ = elements.Tdd


def test_parts_of_parts_are_found() -> None:
    inner = elements.Span("x", id="inner")
    assert list(elements.Div([elements.P([inner])])._traverse_ids()) == [inner]


def test_elements_are_made_faster_than_those_of_dash() -> None:
    def seconds(make: type) -> float:
        begun = time.process_time()
        for _ in range(2000):
            make("7", className="number", **{"data-title": "Value"})
        return time.process_time() - begun

    assert min(seconds(elements.Td) for _ in range(5)) < 0.6 * min(seconds(html.Td) for _ in range(5))


def test_parts_are_put_before_a_written_page() -> None:
    written = as_json([html.P("二")])
    assert "二" in written
    assert preceded([], written) is written
    both = preceded([html.P("a"), "b"], written)
    assert isinstance(both, Written)
    assert json.loads(both) == json.loads(as_json([html.P("a"), "b", html.P("二")]))
