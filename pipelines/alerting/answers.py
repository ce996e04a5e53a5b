"""Answers that refuse a message though the request has succeeded: DingTalk and WeCom say so in the text of a 200.

Apprise looks at the status alone: a robot that wants a keyword, or does not know its token, would seem to have taken
every message. It gives no way to look at an answer, so that requests are listened to for as long as one is sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def refusals() -> Iterator[list[str]]:
    """Listen to requests; yield what the answers that refuse say: the code, which holds no secret."""
    import requests  # noqa: PLC0415 - Apprise's own way of sending

    # Any: a method is put in the place of another.
    session_class: Any = requests.Session
    refused: list[str] = []
    sending = session_class.send

    def send(session: Any, request: Any, **options: Any) -> Any:
        response = sending(session, request, **options)
        code = _code(response)
        if code:
            refused.append(f"its answer is error {code}")
        return response

    session_class.send = send
    try:
        yield refused
    finally:
        session_class.send = sending


def _code(response: Any) -> int:
    """Return the error's number in an answer, 0 where there is none."""
    if not response.ok:
        return 0
    try:
        said = response.json()
    except ValueError:
        return 0
    code = said.get("errcode") if isinstance(said, dict) else None
    return code if isinstance(code, int) else 0
