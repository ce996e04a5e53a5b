"""The line above the header: who has signed in, what he may, and the way out."""

from typing import Any

from dash import dcc
from flask import g

from dashboards import elements as html
from dashboards.access import pages
from dashboards.access.guard import Reader
from dashboards.access.sign_in import form_token
from dashboards.wording import Words


def account_bar(words: Words, scheme: str) -> list[Any]:
    """Give the line for whoever asks; none where nobody had to sign in."""
    reader: Reader | None = g.get("reader") if g else None
    if reader is None or reader.name is None:
        return []
    facts: list[Any] = [
        html.Span(reader.title, className="account-name"),
        html.Span(words(f"access.role.{reader.role}"), className="account-role"),
    ]
    if reader.areas is not None:
        facts.append(html.Span(words.counted("access.limited", len(reader.areas)), className="account-limit"))
    ways: list[Any] = []
    if reader.may("steward"):
        ways.append(html.A(words("access.audit"), href=f"{pages.AUDIT}?lang={words.language}", className="quiet-link"))
    if token := form_token():
        ways.append(
            html.Form(
                [
                    dcc.Input(type="hidden", name="token", value=token),
                    html.Button(words("access.sign_out"), type="submit", className="account-out"),
                ],
                action=f"{pages.SIGN_OUT}?lang={words.language}&scheme={scheme}",
                method="post",
            )
        )
    bar = html.Div(
        [html.Div(facts, className="account-facts"), html.Div(ways, className="account-ways")],
        className="account-bar",
        role="region",
        **{"aria-label": words("access.account")},
    )
    return [bar]
