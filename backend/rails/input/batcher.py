"""Micro-batches across requests: items that arrive within a few ms are computed together.

It owns one thread. Items of one bucket (of similar length) form a batch. The bucket of the item
that has waited longest goes first, so nothing starves, and a short text waits at most for the batch
that already runs. While a batch runs, the next one gathers.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


class Batcher(Generic[In, Out]):
    """``run`` maps a batch to its results, in order, on the thread. Items with an equal ``bucket``
    may share a batch.

    Only one event loop may use it. An error of ``run`` reaches everyone in the batch.
    """

    def __init__(
        self,
        run: Callable[[Sequence[In]], Sequence[Out]],
        bucket: Callable[[In], Hashable],
        *,
        most: int,
        gather_ms: float,
    ) -> None:
        self._run = run
        self._bucket = bucket
        self._most = most
        self._gather_s = gather_ms / 1000
        self._waiting: list[tuple[In, asyncio.Future[Out]]] = []
        self._draining: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batch")

    async def submit(self, item: In) -> Out:
        """The item's result. An item that is cancelled before its batch begins is not computed."""
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._draining is None or self._draining.done():
            self._draining = asyncio.create_task(self._drain())
        return await future

    def close(self) -> None:
        """Lets a running batch end, and cancels the items that wait."""
        if self._draining is not None:
            self._draining.cancel()
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _drain(self) -> None:
        await asyncio.sleep(self._gather_s)
        while batch := self._take():
            items = [item for item, _ in batch]
            loop = asyncio.get_running_loop()
            try:
                results = await loop.run_in_executor(self._thread, self._run, items)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            except asyncio.CancelledError:
                # Nobody else will answer the callers of this batch.
                for _, future in batch:
                    future.cancel()
                raise
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)

    def _take(self) -> list[tuple[In, asyncio.Future[Out]]]:
        """The next batch: the bucket of the oldest item, oldest first."""
        self._waiting = [entry for entry in self._waiting if not entry[1].done()]
        if not self._waiting:
            return []
        bucket = self._bucket(self._waiting[0][0])
        batch = [entry for entry in self._waiting if self._bucket(entry[0]) == bucket]
        batch = batch[: self._most]
        taken = {id(future) for _, future in batch}
        self._waiting = [entry for entry in self._waiting if id(entry[1]) not in taken]
        return batch
