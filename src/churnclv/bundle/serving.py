"""Serving a bundle over HTTP, in MLflow's protocol: requests that arrive together are scored together.

MLflow's own server answers an invalid request with a stack trace, finishes requests whose caller has disconnected, and
has no timeout for a silent socket. This module uses MLflow's parsing of requests and its form of answers, and brings
its own queue, limits and error messages.
"""

import asyncio
import hmac
import ipaddress
import json
import logging
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import TYPE_CHECKING, Any

import h11
import pandas as pd
import uvicorn
from mlflow.exceptions import MlflowException
from mlflow.version import VERSION
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import InputError
from .pyfunc import RefusedInputError, answer
from .shared_scoring import SharedScoring
from .specification import specification_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_OK = 200
_FORMS = ("dataframe_records", "dataframe_split", "inputs", "instances")
_JSON, _CSV = "application/json", "text/csv"
_METRICS = "text/plain; version=0.0.4"  # Prometheus' text format
_OPEN = ("/ping", "/health", "/ready", "/version")  # answered without a token
_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    413: "REQUEST_LIMIT_EXCEEDED",
    415: "INVALID_PARAMETER_VALUE",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST_SOCKETS, _IDLE_SECONDS, _STOP_SECONDS = 512, 5, 10
_MOST_BODIES = 8  # of the largest size, in memory at once
_LONGEST_MESSAGE = 2000
_UNEXPECTED = "Encountered an unexpected error"  # begins MLflow's message on an error that the model did not expect


@dataclass(frozen=True)
class ServingLimits:
    """The limits of a server.

    Attributes:
        waiting: requests that wait while others are scored; more are answered 503 at once.
        together: requests that are scored in one pass at most.
        body_bytes: the largest request.
        request_seconds: how long a request may take to arrive, its first byte to its last.
        wait_seconds: how long a request waits before it is answered 503 as well.
        hosts: names in the Host header that are answered, beside this machine's own on loopback.
        token: what a request has to bring as `Authorization: Bearer <token>`; empty asks for none.
    """

    waiting: int = 250
    together: int = 32
    body_bytes: int = 32 * 1024**2
    request_seconds: float = 10.0
    wait_seconds: float = 30.0
    hosts: tuple[str, ...] = ()
    token: str = field(default="", repr=False)


class ServedBundle:
    """A loaded bundle as MLflow calls models."""

    def __init__(self, scorer: Any, tables: dict[str, str]) -> None:
        """Keep the scorer, and the paths of the further tables that it reads, by name."""
        self.scorer, self.tables, self.shared = scorer, tables, SharedScoring(scorer)

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the score rows of a frame of raw events; `params["as_of"]` is a date."""
        if not len(getattr(model_input, "columns", ())) or not len(model_input):
            columns = ", ".join(specification_of(self.scorer).data.mapped().values())
            message = f"the request has no row with one of the columns {columns}."
            raise RefusedInputError(message)
        return answer(self.shared, model_input, (params or {}).get("as_of"), self.tables)


class RefusedRequestError(Exception):
    """A request that is answered with a status and one message."""

    def __init__(self, status: int, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.status = status


@dataclass
class ScoringServer:
    """Answers requests with a model's scores."""

    model: Any
    limits: ServingLimits
    answers: Counter[int] = field(default_factory=Counter, init=False)
    seconds: float = field(default=0.0, init=False)
    _waiting: int = field(default=0, init=False)
    _held_bytes: int = field(default=0, init=False)
    _turns: asyncio.Semaphore = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        """Make a thread for each request that is scored at a time."""
        self._turns = asyncio.Semaphore(self.limits.together)
        self._threads = ThreadPoolExecutor(self.limits.together, "scoring")

    async def invocations(self, request: Request) -> Response:
        """Score the body, and count the answer by its status and its seconds."""
        start = time.monotonic()
        response = await self._invocations(request)
        self.answers[response.status_code] += 1
        self.seconds += time.monotonic() - start
        return response

    async def ready(self, _: Request) -> Response:
        """Answer 200 where another request would be taken, 503 where the queue is full."""
        if self._waiting >= self.limits.waiting:
            return _refuse(503, f"{self._waiting} requests are waiting already; try again later.")
        return Response("\n", media_type=_JSON)

    async def metrics(self, _: Request) -> Response:
        """Return the counters in the text format of Prometheus."""
        answered = [f'churnclv_requests_total{{status="{code}"}} {n}' for code, n in sorted(self.answers.items())]
        lines = [
            "# HELP churnclv_requests_total Answered requests to /invocations by status.",
            "# TYPE churnclv_requests_total counter",
            *answered,
            "# HELP churnclv_request_seconds Seconds from a request's headers to its answer.",
            "# TYPE churnclv_request_seconds summary",
            f"churnclv_request_seconds_sum {self.seconds:.6f}",
            f"churnclv_request_seconds_count {self.answers.total()}",
            "# HELP churnclv_waiting_requests Requests that wait while one is scored.",
            "# TYPE churnclv_waiting_requests gauge",
            f"churnclv_waiting_requests {self._waiting}",
        ]
        return Response("\n".join([*lines, ""]), media_type=_METRICS)

    async def _invocations(self, request: Request) -> Response:
        """Score the body: JSON in MLflow's forms, CSV, or Parquet."""
        held = 0
        try:
            body = bytearray()
            async for chunk in request.stream():
                held += len(chunk)
                self._held_bytes += len(chunk)
                self._require_room(held)
                body += chunk
            return await self._score(request, bytes(body))
        except RefusedRequestError as refused:
            return _refuse(refused.status, str(refused))
        except ClientDisconnect:
            return _refuse(400, "the request did not arrive whole.")
        finally:
            self._held_bytes -= held

    def _require_room(self, held: int) -> None:
        most = self.limits.body_bytes
        if held > most:
            raise RefusedRequestError(413, f"the request is larger than {most:,} bytes; send the customers in parts.")
        if self._held_bytes > most * _MOST_BODIES:
            raise RefusedRequestError(503, "too many large requests at once; try again later.")

    async def _score(self, request: Request, body: bytes) -> Response:
        """Wait for the turn, and score; a request whose caller has disconnected meanwhile is not scored."""
        if self._waiting >= self.limits.waiting:
            raise RefusedRequestError(503, f"{self._waiting} requests are waiting already; try again later.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self.limits.wait_seconds):
                await self._turns.acquire()
        except TimeoutError:
            raise RefusedRequestError(503, "the requests before this one take too long; try again later.") from None
        finally:
            self._waiting -= 1
        try:
            if await request.is_disconnected():
                return _refuse(400, "the caller has gone away.")
            kind, as_of = request.headers.get("content-type", ""), request.query_params.get("as_of")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _answer, self.model, body, kind, as_of)
        finally:
            self._turns.release()


def _answer(model: Any, body: bytes, kind: str, as_of: str | None) -> Response:
    """Score a body; return any fault of it as one message without a stack trace."""
    try:
        return _predict(model, body, kind, as_of)
    except RefusedRequestError as refused:
        return _refuse(refused.status, str(refused))
    except RefusedInputError as refused:
        return _refuse(400, refused.message)
    except MlflowException as error:
        if error.message.startswith(_UNEXPECTED):
            return _fail(error.json_kwargs.get("stack_trace", ""))
        status: int = error.get_http_status_code()  # type: ignore[no-untyped-call] # mlflow's
        return _refuse(status, _without_request(error.message))
    except Exception as error:  # noqa: BLE001 # a server answers
        places = "".join(traceback.format_tb(error.__traceback__))
        return _fail(f"{places}{type(error).__name__}")


def _predict(model: Any, body: bytes, kind: str, as_of: str | None) -> Response:
    from mlflow.pyfunc import scoring_server

    mime = kind.partition(";")[0].strip().lower()
    data: Any = body
    if mime == _CSV:
        scores, text = model.predict(_read_csv(body), params={"as_of": as_of or ""}), StringIO()
        scoring_server.predictions_to_json(scores, text)  # type: ignore[no-untyped-call] # mlflow's
        return Response(text.getvalue(), media_type=_JSON)
    if mime == _JSON:
        data = _read_json(body)
    elif not mime:
        raise RefusedRequestError(415, f"the request has no Content-Type; {_JSON} and {_CSV} are read.")
    result = scoring_server.invocations(data, kind, model, model.metadata.get_input_schema())  # type: ignore[no-untyped-call] # mlflow's
    if result.status != _OK:
        return _refuse(result.status, result.response)
    return Response(result.response, media_type=result.mimetype)


def _read_json(body: bytes) -> dict[str, Any]:
    """Return a request as MLflow's parser takes it, with its events in one of MLflow's forms."""
    try:
        read = json.loads(body)
    except RecursionError:
        raise RefusedRequestError(400, "the request is nested too deeply.") from None
    except ValueError as error:
        raise RefusedRequestError(
            400, f"the request is no JSON that can be read: {error}. Write ids as text."
        ) from None
    given = sorted(set(read).intersection(_FORMS)) if isinstance(read, dict) else []
    if len(given) != 1:
        raise RefusedRequestError(400, f"the request has to be an object with exactly one of {', '.join(_FORMS)}.")
    return dict(read)


def _read_csv(body: bytes) -> pd.DataFrame:
    """Return a CSV as text; the bundle decides which cells are missing values."""
    try:
        return pd.read_csv(StringIO(body.decode("utf-8-sig")), dtype=str, na_filter=False)
    except ValueError as error:
        raise RefusedRequestError(400, f"the request is no CSV that can be read: {error}") from None


def _without_request(message: str) -> str:
    """Return the message without the request, which MLflow repeats around it."""
    reason = message.rpartition("Error: ")[2] if message.startswith("Failed to") else message.partition("\nInput:")[0]
    return reason.strip()[:_LONGEST_MESSAGE]


def _refuse(status: int, message: str) -> Response:
    content = json.dumps({"error_code": _CODES.get(status, "BAD_REQUEST"), "message": message})
    later = {"Retry-After": "10"} if status == 503 else None  # noqa: PLR2004 # HTTP
    return Response(content, status, headers=later, media_type=_JSON)


def _fail(trace: str) -> Response:
    """Answer that the server is at fault; the places in the code go to the server's log."""
    logging.getLogger("uvicorn.error").error("a request failed:\n%s", trace)
    return _refuse(500, "the request could not be scored; the server's log has the reason.")


class HostGuard:
    """Answers only requests whose Host header is a name of this server, against DNS rebinding by other sites."""

    def __init__(self, app: "ASGIApp", hosts: tuple[str, ...]) -> None:
        """Keep the names, in small letters."""
        self.app, self.hosts = app, {host.lower() for host in (*_LOOPBACK, *hosts)}

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http":
            named = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
            if host_name(named) not in self.hosts:
                refusal = _refuse(403, "this server does not answer to that Host; name it in serve.yaml, hosts.")
                return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


class TokenGuard:
    """Answers requests that bring the token; whether the server lives may be seen without one."""

    def __init__(self, app: "ASGIApp", token: str) -> None:
        """Keep the token."""
        self.app, self.wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] == "http" and scope["path"] not in _OPEN:
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self.wanted):
                refusal = _refuse(401, "this server needs a token: send Authorization: Bearer <token>.")
                refusal.headers["WWW-Authenticate"] = "Bearer"
                return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


def host_name(header: str) -> str:
    """Return the name in a Host header, without its port and an address's brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.rpartition(":")[0] if ":" in header else header


class TimedProtocol(H11Protocol):
    """HTTP that closes a connection whose request has not arrived in time."""

    seconds = ServingLimits.request_seconds
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Start the clock."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Stop the clock when the request is whole; start it with the next one."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop()
        elif self._clock is None:
            self._clock = self.loop.call_later(self.seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def build_app(model: Any, limits: ServingLimits) -> "ASGIApp":
    """Return the application: /invocations, /ready and /metrics; /ping, /health and /version as MLflow's server."""

    def fixed(content: str) -> Callable[[Request], Awaitable[Response]]:
        async def reply(_: Request) -> Response:
            return Response(content, media_type=_JSON)

        return reply

    server = ScoringServer(model, limits)
    routes = [
        Route("/invocations", server.invocations, methods=["POST"]),
        Route("/version", fixed(VERSION)),
        Route("/ready", server.ready),
        Route("/metrics", server.metrics),
    ]
    routes += [Route(path, fixed("\n")) for path in ("/ping", "/health")]
    app: ASGIApp = Starlette(routes=routes)
    return HostGuard(TokenGuard(app, limits.token) if limits.token else app, limits.hosts)


def load_model(folder: Path, scorer: Any, tables: dict[str, str]) -> Any:
    """Return a loaded bundle with the signature that MLflow checks requests against."""
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

    return PyFuncModel(Model.load(str(folder)), ServedBundle(scorer, tables))


def bind(host: str, port: int) -> socket:
    """Return a socket that is bound before the bundle is loaded.

    Raises:
        InputError: the address is not this machine's, or the port is taken.
    """
    bound = socket(AF_INET6 if _is_v6(host) else AF_INET, SOCK_STREAM)
    try:
        bound.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen()
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{host}, port {port}: {reason}.", remedy="take another with PORT=5002.") from None
    return bound


def _is_v6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6  # noqa: PLR2004 # IPv6
    except ValueError:
        return False


def serve(model: Any, limits: ServingLimits, bound: socket) -> None:
    """Answer requests until the process is stopped."""
    protocol = type("Protocol", (TimedProtocol,), {"seconds": limits.request_seconds})
    config = uvicorn.Config(
        build_app(model, limits),
        http=protocol,
        ws="none",
        lifespan="off",
        limit_concurrency=_MOST_SOCKETS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
        server_header=False,
        log_level="warning",
    )
    uvicorn.Server(config).run(sockets=[bound])
