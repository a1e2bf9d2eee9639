"""The ports as seen through Ray Serve handles. Ray's errors become ours here.

A plain call costs a few milliseconds; the answer's text comes beside Ray.
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
from indexer.types import Passage, Scope

log = logging.getLogger(__name__)

Result = TypeVar("Result")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except GlossatorError as error:
        # Ray raises a class of its own made of RayTaskError and ours; the cause is ours alone.
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
    """Whether the replica is gone: not what it raised itself, a defect of ours for one.

    A replica that dies in mid-call ends it with whatever state its gRPC channel was in; Serve's
    router has no class of its own for a channel that breaks before the replica has accepted.
    """
    if isinstance(error, RayTaskError):
        return False
    if isinstance(error, RayError | DeploymentUnavailableError | grpc.RpcError):
        return True
    return type(error) is RuntimeError and "StatusCode." in str(error)


async def _answered(what: str, call: Callable[[], Awaitable[Result]]) -> Result:
    """For calls that may be made twice: one whose replica died is made once more, elsewhere."""
    try:
        with _translated(what):
            return await call()
    except Unavailable as error:
        if not _lost(error.__cause__):
            raise  # the replica is well, and said so itself
    with _translated(what):
        return await call()


class RayGenerator:
    """A ``Generator`` whose replicas Serve chooses; they report ``model`` and ``fills``.

    Each answer comes straight from its replica, over a connection that all answers from there
    share.
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
        """To the replica that suits the prompt best; waits until there is one."""
        while True:
            wanted = Wanted(prompt, self._under_way, self._connections.avoided())
            # Chosen as any call's replica is, but nothing is sent or reserved there: Serve does
            # the same where its proxy streams past it (ray.serve.llm, direct streaming).
            with _translated("generator"):
                async with self._handle.choose_replica(wanted, _reserve=False) as chosen:
                    replica, address = chosen.replica_id, Address(**chosen.replica_metadata)
            try:
                return replica, await self._connections.to(replica, address)
            except Unreachable as error:
                log.warning("generator replica %s is passed over: %s", replica, error)
                await self._connections.avoid(replica)

    async def load(self) -> Load:
        """The load of one replica, whichever answers."""
        return await _answered("generator", self._handle.load.remote)

    async def check(self) -> None:
        await _answered("generator", self._handle.check.remote)

    async def close(self) -> None:
        """The connections; the deployment outlives its handles."""
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
    """A ``Retriever`` on Ray Serve. The replica keeps the budget."""

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


class RayRail:
    """A ``Rail`` on Ray Serve. One that ``may_sleep`` has no replica while nobody asks."""

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
        """The replica has begun already."""

    async def check(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        return await _answered(f"{self.name} rail", lambda: self._handle.check.remote(list(texts)))

    async def state(self) -> str:
        if self._may_sleep:
            return ""  # asking would wake it
        try:
            return await _answered(f"{self.name} rail", self._handle.state.remote)
        except GlossatorError as error:
            return error.message

    async def close(self) -> None:
        """The deployment outlives its handles."""
