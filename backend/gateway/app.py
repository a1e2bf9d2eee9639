"""The gateway: all routes of the backend in one FastAPI application.

``Gateway`` is a plain object, and ``build_app`` puts the routes in front of it. The composition
roots in ``backend.deploy`` make the parts behind it.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from fastapi import FastAPI, Response, WebSocket
from fastapi import Request as HttpRequest
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect, HTTPConnection

from backend.answering.answer import Answer, Answers
from backend.answering.lookup import Lookups
from backend.answering.pipeline import Pipeline
from backend.errors import Forbidden, GlossatorError, QuotaExceeded, Unauthorized
from backend.gateway import answer_log, page
from backend.gateway.about import RELEASE, About, about
from backend.gateway.openai import api as openai_api
from backend.gateway.openai.shapes import ErrorBody
from backend.gateway.openapi import describe, returns
from backend.gateway.session import Session
from backend.gateway.shared import Shared
from backend.identity.caller import Caller
from backend.identity.door import Door
from backend.identity.hosts import KnownHosts
from backend.identity.quotas import accounts_of
from backend.metrics import CONTENT_TYPE, Metrics
from backend.ports import Generator
from backend.protocol import wire
from backend.protocol.tracing import Tracer
from backend.protocol.wire import PATH, SUBPROTOCOL, Request
from backend.rails.policy import policy
from backend.rails.registry import RAILS
from backend.settings import Settings

log = logging.getLogger(__name__)

_STATE_TTL_S = 1.0


class Readiness(msgspec.Struct, frozen=True):
    """``/readyz``: 200 when ready, else 503 with the reason."""

    ready: bool
    model: str
    version: str = RELEASE
    reason: str = ""
    degraded: tuple[str, ...] = ()  # parts that do not work as configured


class Gateway:
    """The answers and sessions of one process."""

    def __init__(
        self,
        settings: Settings,
        pipeline: Pipeline,
        lookups: Lookups,
        metrics: Metrics,
        generator: Generator,
        door: Door,
        tracer: Tracer,
    ) -> None:
        self.settings = settings
        self.door = door
        self.pipeline = pipeline
        self.metrics = metrics
        self.answers = Answers(self._answer, settings.server.resume_window_s, self._ended)
        self._tracer = tracer
        self._lookups = lookups
        # Anybody may ask as often as they like whether this is ready, so callers share one check.
        self._check = Shared(generator.check)
        self._load = Shared(generator.load)
        self._accounts = accounts_of(settings)
        self._sessions: set[Session] = set()
        self._leaving = ""  # the reason, once it leaves
        self._known_degraded: dict[str, str] = {}
        self._reported: dict[str, str] = {}  # by the upkeep of the index
        self._asked_again_at = 0.0
        self._asking = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        metrics.watch("sessions", "Open websockets.", lambda: len(self._sessions))
        metrics.watch("requests_in_flight", "Requests not ended.", lambda: self.answers.in_flight)

    async def serve(self, socket: WebSocket) -> None:
        if self._leaving:
            # It is refused before it is a websocket, so that a load balancer tries another gateway.
            await socket.send_denial_response(Response(self._leaving, status_code=503))
            return
        offered = socket.scope.get("subprotocols", [])
        if offered and SUBPROTOCOL not in offered:
            await socket.close(1002, f"this backend speaks {SUBPROTOCOL} only")
            return
        try:
            caller = await self.door.admit(socket)
        except GlossatorError as refused:
            await socket.send_denial_response(self.refusal(refused, socket))
            return
        await socket.accept(subprotocol=SUBPROTOCOL if offered else None)
        # An editor keeps one websocket, so each one of an unknown user counts as a user.
        caller = caller.or_guest(uuid.uuid4().hex)
        session = Session(
            socket,
            self.settings.server,
            self.answers,
            self._prepare,
            caller,
        )
        self._sessions.add(session)
        try:
            degraded = await self._degraded()
            if degraded and (self._telling is None or self._telling.done()):
                self._telling = asyncio.create_task(self._tell_changes(degraded))
            await session.run(_sentences(degraded))
        finally:
            self._sessions.discard(session)

    def refusal(self, error: GlossatorError, connection: HTTPConnection) -> Response:
        """The response for an error. A refused login is also counted, and logged in one line."""
        if isinstance(error, (Unauthorized, Forbidden)):
            self.metrics.login_refused(error.reason)
            where = connection.client.host if connection.client else "unknown"
            log.warning("login from %s refused (%s): %s", where, error.reason, error.message)
        return openai_api.error_response(error)

    async def _tell_changes(self, told: dict[str, str]) -> None:
        """Tells every session what does not work, until everything does: rails load for a while."""
        while told and self._sessions:
            await asyncio.sleep(_STATE_TTL_S)
            if (now := await self._degraded()) != told:
                told = now
                await asyncio.gather(
                    *(session.tell(_sentences(told)) for session in self._sessions),
                    return_exceptions=True,
                )

    async def _answer(self, request: Request, answer: Answer) -> None:
        kind = request.__struct_config__.tag
        answer.trace = self._tracer.start(f"gateway {kind}", request.traceparent)
        try:
            self._accounts.charge(answer.caller, time.monotonic())
        except QuotaExceeded as refused:
            answer.fail(refused)
            return
        try:
            match request:
                case wire.Lookup():
                    await self._lookups.answer(request, answer)
                case wire.Ask():
                    await self.pipeline.answer(request, answer)
                case wire.Complete():
                    await self.pipeline.complete(request, answer)
        finally:
            # On every way out, because the work for a cancelled or failed answer was done too.
            self._accounts.spend(answer.caller, answer.cost, time.monotonic())

    async def _prepare(self, request: wire.Prepare, caller: Caller) -> None:
        """Charges the caller as for a question. Raises the error that refuses it."""
        self._accounts.charge_guess(caller, time.monotonic())
        await self.pipeline.prepare(
            request, caller, lambda cost: self._accounts.spend(caller, cost, time.monotonic())
        )

    @staticmethod
    def _ended(request: Request, answer: Answer) -> None:
        last = answer.frames[-1]
        used = msgspec.structs.asdict(last.usage) if isinstance(last, wire.Finished) else {}
        answer.trace.end(wire.outcome(last), answer.failed, request=request.id, **used)
        answer_log.record(request, answer)

    def report(self, part: str, why: str) -> None:
        """Notes why ``part`` does not work as configured, or "" when it works again."""
        if why:
            self._reported[part] = why
        else:
            self._reported.pop(part, None)

    async def readiness(self) -> Readiness:
        model = self.pipeline.model
        degraded = await self._degraded()
        said = _sentences(degraded)
        if self._leaving:
            return Readiness(False, model, reason=self._leaving, degraded=said)
        try:
            await self._check()
        except GlossatorError as error:
            return Readiness(False, model, reason=error.message, degraded=said)
        closed = [
            name
            for name in degraded
            if name in RAILS and policy(self.settings, name).on_failure == "block"
        ]
        if closed:
            reason = f"these rails may not be skipped and are not working: {', '.join(closed)}"
            return Readiness(False, model, reason=reason, degraded=said)
        return Readiness(True, model, degraded=said)

    async def _degraded(self) -> dict[str, str]:
        """Asks the rails only once in a while, because every connection calls this."""
        async with self._asking:  # nobody is told what was known before the first question
            now = asyncio.get_running_loop().time()
            if now >= self._asked_again_at:
                self._known_degraded = await self.pipeline.degraded()
                self._asked_again_at = now + _STATE_TTL_S
        return {**self._known_degraded, **self._reported}

    async def metrics_text(self) -> bytes:
        with contextlib.suppress(GlossatorError):  # a dead engine must not hide the other figures
            self.metrics.engine(await self._load())
        return self.metrics.text()

    async def leave(self, reason: str) -> None:
        """Takes no more connections, and tells every client to move. Running answers go on."""
        self._leaving = reason
        await asyncio.gather(
            *(session.go_away(reason) for session in self._sessions), return_exceptions=True
        )

    async def drain(self, reason: str, patience_s: float) -> None:
        """Leaves, lets answers end, and then ends those that have not."""
        if self._telling is not None:
            self._telling.cancel()
        await self.leave(reason)
        await self.answers.settle(patience_s)
        await self.answers.close()


def _sentences(degraded: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}: {why}" for name, why in degraded.items())


def build_app(gateway: Gateway) -> FastAPI:
    """The ASGI application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await gateway.answers.close()

    app = FastAPI(title="Glossator", version=RELEASE, lifespan=lifespan)
    app.add_middleware(KnownHosts, refusal=gateway.refusal, names=gateway.settings.server.hosts)
    app.include_router(
        openai_api.router(
            gateway.settings.server,
            gateway.pipeline,
            gateway.answers,
            gateway.door,
        )
    )

    app.include_router(page.router())

    @app.websocket(PATH)
    async def session(socket: WebSocket) -> None:
        await gateway.serve(socket)

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> Response:
        """The process answers."""
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz", responses=returns(Readiness, 503, error=Readiness))
    async def readyz() -> Response:
        """Questions can be answered."""
        readiness = await gateway.readiness()
        return Response(
            msgspec.json.encode(readiness),
            status_code=200 if readiness.ready else 503,
            media_type="application/json",
        )

    @app.get("/v1/about", responses=returns(About, 401, 403, error=ErrorBody))
    async def what_serves(request: HttpRequest) -> Response:
        """The release, the model and the settings that a load test's figures depend on."""
        await gateway.door.admit(request)
        said = about(gateway.settings, gateway.pipeline.model)
        return Response(msgspec.json.encode(said), media_type="application/json")

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus text format."""
        return Response(await gateway.metrics_text(), media_type=CONTENT_TYPE)

    describe(app, (*openai_api.STRUCTS, Readiness, About))

    @app.exception_handler(GlossatorError)
    async def failed(request: HttpRequest, error: GlossatorError) -> Response:
        return gateway.refusal(error, request)

    @app.exception_handler(ClientDisconnect)
    async def hung_up(_: HttpRequest, __: ClientDisconnect) -> Response:
        return Response(status_code=499)  # nobody reads it; nginx's code for the access log

    return app
