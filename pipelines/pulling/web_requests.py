"""Asking a web service for one answer, patiently: its pace is kept, what passes is waited out, nothing waits forever.

Knows HTTP and JSON; what the answers mean, and which are asked for, is no concern of this module.
"""

import functools
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import tenacity

from pipelines.errors import SourceError
from pipelines.pack.origins import WebApi
from pipelines.pulling import json_values
from pipelines.pulling.masking import fill
from pipelines.pulling.outlines import NOT_QUOTED, outline_of_body

# An answer may take this many times as long as the longest silence in it.
_LONGEST_ANSWER_TIMEOUTS = 10
_LARGEST_ANSWER_BYTES = 256 << 20
_REDIRECTS = 5
_REMEDIES = {
    401: "check the headers in city.yml: the service wants to know who asks",
    403: "check the headers in city.yml: the service refuses whoever asks so",
    404: "mend the url in city.yml",
}

Understood = TypeVar("Understood")


@dataclass(frozen=True)
class Waits:
    """How long to wait before asking again: from the first wait, doubling with jitter, to the longest.

    `longest_asked_seconds` is how much of a service's own wish (Retry-After) is granted.
    """

    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    longest_asked_seconds: float = 600.0


class PassingError(Exception):
    """A failure that may pass: the answer is asked for again.

    Parameters
    ----------
    problem
        What happened.
    wait_seconds
        How long the service asks to be left alone; None where it does not say.
    """

    def __init__(self, problem: str, wait_seconds: float | None = None) -> None:
        super().__init__(problem)
        self.wait_seconds = wait_seconds


class RefusalError(Exception):
    """A failure that would come again: the answer is not asked for again.

    Parameters
    ----------
    problem
        What is wrong.
    remedy
        What to do about it.
    """

    def __init__(self, problem: str, remedy: str = "mend the api of this source in city.yml") -> None:
        super().__init__(problem)
        self.remedy = remedy


class WebRequests:
    """Requests to one service, one after the other; use it inside a `with`.

    Parameters
    ----------
    origin
        The service, its pace, and how often an answer is asked for.
    secrets
        Fills in `${NAME}` in a text.
    waits
        Waits between the tries.
    """

    def __init__(self, origin: WebApi, secrets: Callable[[str], str], waits: Waits) -> None:
        self._origin = origin
        self._waits = waits
        filled = {name: fill(value, secrets) for name, value in origin.headers.items()}
        address = fill(origin.url, secrets)
        self._url = address.text
        self._hidden = [address, *filled.values()]
        self.shown = self._masked(self._url)
        self._next_at = 0.0
        headers = httpx.Headers({name: value.text for name, value in filled.items()}, encoding="utf-8")
        self._client = httpx.Client(
            headers=headers, timeout=origin.timeout_seconds, follow_redirects=False, verify=_trusted()
        )
        self._backing_off = tenacity.wait_exponential_jitter(
            multiplier=waits.first_seconds, max=waits.longest_seconds, jitter=waits.first_seconds
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def ask(
        self, what: str, parameters: dict[str, str], understand: Callable[[Any, httpx.Headers], Understood]
    ) -> Understood:
        """Return what is understood of an answer, asked for until it comes or the tries are used up.

        Parameters
        ----------
        what
            What is asked for, for messages, such as "page 7 of 2016-11".
        parameters
            Parameters of the query.
        understand
            Takes the parsed answer and its headers; raises PassingError or RefusalError where it is not one.

        Raises
        ------
        SourceError
            If the service refuses, or the failures do not pass.
        """
        asking = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._origin.tries),
            wait=self._wait_seconds,
            retry=tenacity.retry_if_exception_type(PassingError),
            reraise=True,
        )
        try:
            understood: Understood = asking(self._ask_once, parameters, understand)
            return understood
        except PassingError as error:
            problem = f"asked {self._origin.tries} times, the last time: {error}"
            remedy = "run again later; if it stays so, raise tries or timeout_seconds, or lower page_rows"
        except RefusalError as error:
            problem, remedy = str(error), error.remedy
        raise SourceError(self._masked(f"{self.shown}, {what}: {problem}"), field="api", remedy=remedy)

    def _ask_once(
        self, parameters: dict[str, str], understand: Callable[[Any, httpx.Headers], Understood]
    ) -> Understood:
        try:
            url = httpx.URL(self._url).copy_merge_params(parameters)
            document, headers = self._fetch(self._client.build_request("GET", url))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise RefusalError(f"this cannot be asked: {error}", "mend url and headers in city.yml") from None
        except httpx.TimeoutException as error:
            raise PassingError(f"no answer in {self._origin.timeout_seconds:g} s ({type(error).__name__})") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise PassingError(f"the connection failed: {error or type(error).__name__}") from None
        try:
            answer = json_values.parse(document)
        except ValueError as error:
            raise PassingError(f"the answer is not JSON, or is cut short ({error})") from None
        except RecursionError:
            raise RefusalError("the answer is nested too deeply") from None
        return understand(answer, headers)

    def _fetch(self, request: httpx.Request) -> tuple[bytes, httpx.Headers]:
        """Return the body and headers of an answer; follow redirects that stay with the service."""
        for _ in range(_REDIRECTS):
            self._keep_pace()
            response = self._client.send(request, stream=True)
            try:
                body = self._body(response)
            finally:
                response.close()
            if response.next_request is None:
                self._judge(response, body)
                return body, response.headers
            request = _followed(request, response.next_request)
        raise RefusalError(f"the service redirects more than {_REDIRECTS} times", "mend the url in city.yml")

    def _keep_pace(self) -> None:
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + 1 / self._origin.requests_per_second

    def _body(self, response: httpx.Response) -> bytes:
        until = time.monotonic() + _LONGEST_ANSWER_TIMEOUTS * self._origin.timeout_seconds
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LARGEST_ANSWER_BYTES:
                raise RefusalError(f"a page is larger than {_LARGEST_ANSWER_BYTES >> 20} MB", "lower page_rows")
            if time.monotonic() > until:
                raise PassingError("the answer trickles in too slowly")
        return bytes(body)

    def _judge(self, response: httpx.Response, body: bytes) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        # The service's own words may quote a record: neither its reason nor its answer is told.
        problem = f"HTTP {status} {_phrase(status)}; the answer is {outline_of_body(body)}; {NOT_QUOTED}"
        # 202 is Socrata's way to say that the answer is still being worked out.
        if status in (202, 408, 425, 429) or status >= 500:
            raise PassingError(problem, _asked_wait_seconds(response.headers))
        raise RefusalError(problem, _REMEDIES.get(status, "mend the api of this source in city.yml"))

    def _wait_seconds(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, PassingError) and failure.wait_seconds is not None:
            return min(failure.wait_seconds, self._waits.longest_asked_seconds)
        return self._backing_off(state)

    def _masked(self, message: str) -> str:
        for filled in self._hidden:
            message = filled.masked(message)
        return message


@functools.cache
def _trusted() -> ssl.SSLContext:
    """Load the certificates that are trusted, once: it takes longer than a page."""
    return httpx.create_ssl_context()


def _followed(request: httpx.Request, following: httpx.Request) -> httpx.Request:
    """Return a redirect's request if it stays with the service: tokens go nowhere else."""
    old, new = request.url, following.url
    upgraded = (old.scheme, new.scheme, old.port, new.port) == ("http", "https", None, None)
    if old.host == new.host and (upgraded or (old.scheme, old.port) == (new.scheme, new.port)):
        return following
    raise RefusalError(
        f"the service redirects to {new.scheme}://{new.netloc.decode()}, which is elsewhere",
        "if that is right, put the new address into city.yml",
    )


def _asked_wait_seconds(headers: httpx.Headers) -> float | None:
    """Return the seconds that Retry-After asks for, given as such or as a time by the service's own clock."""
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown)"
