"""The ports as seen through Ray Serve handles. Ray's errors become ours here.

A plain call costs a few milliseconds; the answer's text crosses one streaming handle.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import grpc
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from backend.admission.ledger import Grant, Report
from backend.errors import GlossatorError, Overloaded, Unavailable
from backend.ports import Load, Part, Prompt, Retrieved, Sampling, Span, TextDelta
from indexer.types import Passage, Scope

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
    """A ``Generator`` whose replicas Serve chooses; they report ``model`` and ``fills``."""

    def __init__(self, handle: DeploymentHandle, model: str, *, fills: bool) -> None:
        self.model = model
        self.fills = fills
        self._handle = handle
        # Plain pickle takes half the time of Serve's default, for each delta.
        self._streaming = handle.options(
            method_name="stream",
            stream=True,
            request_serialization="pickle",
            response_serialization="pickle",
        )

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        with _translated("generator"):
            deltas = self._streaming.remote(prompt, sampling, request_id)
            ended = False
            try:
                async for delta in deltas:
                    yield delta
                ended = True
            except Exception:
                # It failed there; cancelling here as well would hide why.
                ended = True
                raise
            finally:
                if not ended:
                    deltas.cancel()

    async def warm(self, prompt: Prompt) -> None:
        with _translated("generator"):
            await self._handle.warm.remote(prompt)

    async def load(self) -> Load:
        """The load of one replica, whichever answers."""
        return await _answered("generator", self._handle.load.remote)

    async def check(self) -> None:
        await _answered("generator", self._handle.check.remote)

    async def close(self) -> None:
        """The deployment outlives its handles."""


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
