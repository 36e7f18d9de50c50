"""The HTTP side of the SMS channel: one pool, deadlines, and one request per exchange.

Takes what the SDK wants to send, gives what the API answered. Refuses to follow redirects,
to read endless answers, to repeat a request; raises DeliveryError for all but success.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

import httpx2
from twilio.http.response import Response

from notifier.channels import faults, twilio_codes
from notifier.model.errors import ChannelDown, ConfigurationError, Evidence, HandedBack, Unknown
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason

API = "https://api.twilio.com"
_LONGEST_ANSWER = 64 * 1024

# Raised before the first byte of a request is written; after it, nothing is certain.
_BEFORE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, OSError)


class Parts(TypedDict, total=False):
    """What the SDK passes along with method and address."""

    params: Mapping[str, Any] | None
    data: Mapping[str, Any] | None
    headers: Mapping[str, str] | None
    auth: tuple[str, str] | None
    timeout: float | None
    allow_redirects: bool


class Line:
    """The pool of connections to one endpoint, with its deadlines in seconds."""

    def __init__(self, base: str, connect_timeout: float, total_timeout: float, size: int) -> None:
        """Raise ConfigurationError when `base` is not an http or https address with a host."""
        self.remote = _remote(base)
        self.total_timeout = total_timeout
        self._base = base.rstrip("/")
        self.pool = httpx2.AsyncClient(
            timeout=httpx2.Timeout(total_timeout, connect=connect_timeout),
            limits=httpx2.Limits(max_connections=size, max_keepalive_connections=size),
            follow_redirects=False,
            trust_env=False,
        )

    def address(self, url: str) -> str:
        """Give the address at this endpoint for one that the SDK built."""
        return self._base + urlsplit(url)._replace(scheme="", netloc="").geturl()


class Exchange:
    """One request and its answer, in the form the SDK wants its HTTP client to have.

    It is made for one call and used once, so that what the SDK drops (the answer's headers)
    and what no exception tells (whether the request has left) belong to exactly one send.
    """

    is_async = True

    def __init__(self, line: Line, still_ours: Callable[[], bool]) -> None:
        """`still_ours` is asked before connecting, and before the first byte is written."""
        self._line = line
        self._still_ours = still_ours
        self._departed = False
        self.receipt = Receipt()
        self.fields: Mapping[str, object] = {}

    async def request(self, method: str, url: str, **parts: Unpack[Parts]) -> Response:
        """Send the request once; raises DeliveryError unless the API did as asked."""
        self._check()
        response: httpx2.Response | None = None
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._line.total_timeout),
                self._line.pool.stream(
                    method,
                    self._line.address(url),
                    params=parts.get("params"),
                    data=parts.get("data"),
                    # Read as it comes: nothing that a few bytes could blow up.
                    headers={**(parts.get("headers") or {}), "Accept-Encoding": "identity"},
                    auth=parts.get("auth"),
                    extensions={"trace": self._trace},
                ) as response,
            ):
                await _fill(body, response)
        except (httpx2.HTTPError, OSError) as error:
            # Once the status line is here it decides, whatever became of the body.
            if response is None:
                raise self._lost(error) from error
        text = body.decode(errors="replace")
        answer = twilio_codes.read(response.status_code, response.headers, text, self._line.remote)
        if not (answer.made if method == "POST" else response.is_success):
            raise twilio_codes.refusal(answer)
        self.receipt = Receipt(answer.sid, answer.status, None, answer.text, answer.remote)
        if method == "GET":
            self.fields = twilio_codes.fields(text)
        # All that counts was read above; the SDK's own reading trips over odd answers.
        return Response(response.status_code, "{}", {})

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self._check()
            self._departed = True

    def _check(self) -> None:
        if not self._still_ours():
            raise HandedBack(Reason.EXPIRED, Evidence("request", remote=self._line.remote))

    def _lost(self, error: Exception) -> ChannelDown | Unknown:
        words = twilio_codes.clean(f"{type(error).__name__}: {error}")
        if isinstance(error, _BEFORE) and not self._departed:
            evidence = self._evidence("connect", words, error)
            return ChannelDown(Reason.RETRIES_EXHAUSTED, evidence)
        return Unknown(Reason.OUTCOME_UNKNOWN, self._evidence("response", words, error))

    def _evidence(self, phase: str, words: str, error: Exception) -> Evidence:
        fault = faults.fault_of(error)
        if isinstance(error, httpx2.TimeoutException):
            fault = faults.Fault.SILENT
        return Evidence(phase, reply=words, remote=self._line.remote, fault=fault)


def _remote(base: str) -> str:
    try:
        url = httpx2.URL(base)
    except httpx2.InvalidURL:
        url = httpx2.URL()
    if url.scheme not in ("http", "https") or not url.host or url.query or url.userinfo:
        raise ConfigurationError("TWILIO_API_BASE is not an address like https://api.example.com")
    return url.netloc.decode()


async def _fill(body: bytearray, response: httpx2.Response) -> None:
    async for piece in response.aiter_raw():
        body += piece[: _LONGEST_ANSWER - len(body)]
        if len(body) >= _LONGEST_ANSWER:
            return
