"""The ports as seen through Ray Serve handles. Ray's errors become ours here.

A plain call costs a few milliseconds; the answer's text crosses one streaming handle.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager

from ray.exceptions import RayError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from backend.admission.ledger import Grant, Report
from backend.errors import GlossatorError, Overloaded, Unavailable
from backend.ports import Load, Part, Prompt, Retrieved, Sampling, Span, TextDelta
from indexer.types import Passage, Scope


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
    except (RayError, DeploymentUnavailableError) as error:
        raise Unavailable(f"The {what} is not answering; it is being restarted. Ask again.") from (
            error
        )


class RayGenerator:
    """A ``Generator`` whose replicas Serve chooses; they report ``model`` and ``fills``."""

    def __init__(self, handle: DeploymentHandle, model: str, *, fills: bool) -> None:
        self.model = model
        self.fills = fills
        self._handle = handle
        self._streaming = handle.options(stream=True)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        with _translated("generator"):
            deltas = self._streaming.stream.remote(prompt, sampling, request_id)
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
        with _translated("generator"):
            load: Load = await self._handle.load.remote()
            return load

    async def check(self) -> None:
        with _translated("generator"):
            await self._handle.check.remote()

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
        with _translated("retriever"):
            found: Retrieved = await self._handle.search.remote(query, scope, limit, budget_ms)
            return found

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
        with _translated(f"{self.name} rail"):
            found: list[tuple[Span, ...]] = await self._handle.check.remote(list(texts))
            return found

    async def state(self) -> str:
        if self._may_sleep:
            return ""  # asking would wake it
        try:
            with _translated(f"{self.name} rail"):
                state: str = await self._handle.state.remote()
                return state
        except GlossatorError as error:
            return error.message
