"""The ports as Ray Serve handles. Ray's errors become ours here.

A plain call costs a few milliseconds. The text of an answer does not come through Ray.
"""

import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import TypeVar

import grpc
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from backend.admission.ledger import Grant, Report
from backend.deploy.ray.direct.client import Address, Connection, Connections, Unreachable
from backend.deploy.ray.routing import Wanted, work
from backend.errors import GlossatorError, Overloaded, Unavailable
from backend.ports import Load, Part, Prompt, Retrieved, Sampling, Span, TextDelta
from backend.protocol.wire import Usage
from indexer.types import Passage, Scope, Unknown

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except GlossatorError as error:
        # Ray raises a class that derives from RayTaskError and ours; the cause is only ours.
        cause = getattr(error, "cause", error)
        raise (cause if isinstance(cause, GlossatorError) else error) from None
    except BackPressureError as error:
        raise Overloaded(f"The {what} has too many requests.", retry_after_ms=1000) from error
    except Exception as error:
        if not _lost(error):
            raise
        raise Unavailable(f"The {what} is not answering; it is being restarted. Ask again.") from (
            error
        )


def _lost(error: BaseException | None) -> bool:
    """Whether the error means that the replica is gone, and was not raised by its own code.

    When a replica dies during a call, the call ends with whatever state its gRPC channel was in.
    Serve's router has no error class for a channel that breaks before the replica has accepted.
    """
    if isinstance(error, RayTaskError):
        return False
    if isinstance(error, RayError | DeploymentUnavailableError | grpc.RpcError):
        return True
    return type(error) is RuntimeError and "StatusCode." in str(error)


async def _answered(what: str, call: Callable[[], Awaitable[Result]]) -> Result:
    """Makes a call that may be made twice: if its replica dies, another one gets it."""
    try:
        with _translated(what):
            return await call()
    except Unavailable as error:
        if not _lost(error.__cause__):
            raise  # the replica itself raised it, so it is alive
    with _translated(what):
        return await call()


class RayGenerator:
    """A ``Generator`` whose replicas Serve chooses. They report ``model`` and ``fills``.

    Each answer comes straight from its replica, over a connection that all its answers share.
    """

    def __init__(self, handle: DeploymentHandle, model: str, *, fills: bool) -> None:
        self.model = model
        self.fills = fills
        self._handle = handle
        self._connections = Connections()
        self._under_way: Counter[str] = Counter()  # tokens, by replica

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        tokens = work(prompt, sampling)
        while True:
            replica, connection = await self._connection(prompt)
            self._under_way[replica] += tokens
            try:
                async with aclosing(connection.stream(prompt, sampling, request_id)) as deltas:
                    async for delta in deltas:
                        yield delta
                return
            except Unreachable:
                await self._connections.avoid(replica)
            finally:
                self._under_way[replica] -= tokens

    async def warm(self, prompt: Prompt) -> Usage:
        while True:
            replica, connection = await self._connection(prompt)
            try:
                return await connection.warm(prompt)
            except Unreachable:
                await self._connections.avoid(replica)

    async def _connection(self, prompt: Prompt) -> tuple[str, Connection]:
        """The replica that suits the prompt best, and a connection to it. Waits for one."""
        while True:
            wanted = Wanted(prompt, self._under_way, self._connections.avoided())
            # Serve chooses the replica as for any call, but nothing is sent or reserved there. It
            # does the same where its proxy streams past it (ray.serve.llm, direct streaming).
            with _translated("generator"):
                async with self._handle.choose_replica(wanted, _reserve=False) as chosen:
                    replica, address = chosen.replica_id, Address(**chosen.replica_metadata)
            try:
                return replica, await self._connections.to(replica, address)
            except Unreachable as error:
                log.warning("generator replica %s is passed over: %s", replica, error)
                await self._connections.avoid(replica)

    async def load(self) -> Load:
        """The load of any one replica."""
        return await _answered("generator", self._handle.load.remote)

    async def check(self) -> None:
        await _answered("generator", self._handle.check.remote)

    async def close(self) -> None:
        """Closes the connections. The deployment outlives its handles."""
        self._connections.close()


class RayLedger:
    """The admission ledger on Ray Serve."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    async def renew(self, report: Report) -> Grant:
        with _translated("admission ledger"):
            grant: Grant = await self._handle.renew.remote(report)
            return grant


class RayRetriever:
    """A ``Retriever`` on Ray Serve. The replica keeps to the time budget."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    async def search(self, query: str, scope: Scope, limit: int, budget_ms: float) -> Retrieved:
        return await _answered(
            "retriever", lambda: self._handle.search.remote(query, scope, limit, budget_ms)
        )

    async def lookup(self, symbol: str, scope: Scope, limit: int) -> list[Passage]:
        with _translated("retriever"):
            found: list[Passage] = await self._handle.lookup.remote(symbol, scope, limit)
            return found

    async def unknown(self, names: Sequence[str], scope: Scope) -> list[Unknown]:
        with _translated("retriever"):
            found: list[Unknown] = await self._handle.unknown.remote(names, scope)
            return found


class RayRail:
    """A ``Rail`` on Ray Serve. If it ``may_sleep``, it has no replica while nobody asks."""

    def __init__(
        self,
        handle: DeploymentHandle,
        name: str,
        parts: frozenset[Part],
        *,
        may_sleep: bool = False,
    ) -> None:
        self.name = name
        self.parts = parts
        self._handle = handle
        self._may_sleep = may_sleep

    def start(self) -> None:
        """Does nothing: the replica has begun to load already."""

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await _answered(f"{self.name} rail", lambda: self._handle.check.remote(list(texts)))

    async def state(self) -> str:
        if self._may_sleep:
            return ""  # the question would wake it
        try:
            return await _answered(f"{self.name} rail", self._handle.state.remote)
        except GlossatorError as error:
            return error.message

    async def close(self) -> None:
        """The deployment outlives its handles."""
