"""One call under way at a time, however many want to know."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """Who comes while the call is under way waits for the same answer; the next calls anew."""

    def __init__(self, call: Callable[[], Awaitable[Result]]) -> None:
        self._call = call
        self._under_way: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Raises what the call raises."""
        if self._under_way is None or self._under_way.done():
            # In a context of its own: whoever came first may leave, and others wait for it.
            self._under_way = asyncio.create_task(self._ask(), context=contextvars.Context())
        return await asyncio.shield(self._under_way)

    async def _ask(self) -> Result:
        return await self._call()
