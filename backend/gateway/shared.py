"""Lets many callers share one call."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """A caller that comes during a call waits for its result; the next one makes a new call."""

    def __init__(self, call: Callable[[], Awaitable[Result]]) -> None:
        self._call = call
        self._under_way: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Raises what the call raises."""
        if self._under_way is None or self._under_way.done():
            # The task has its own context, because the first caller may leave while others wait.
            self._under_way = asyncio.create_task(self._ask(), context=contextvars.Context())
        return await asyncio.shield(self._under_way)

    async def _ask(self) -> Result:
        return await self._call()
