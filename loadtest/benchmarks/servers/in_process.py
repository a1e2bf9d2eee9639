"""vLLM's AsyncLLM as a program calls it: the baseline without any server.

``python -m loadtest.benchmarks.servers.in_process MODEL`` runs users beside the engine's front end,
on one event loop. It reads ``Job`` lines on standard input and writes a ``Pass`` line for each on
standard output.
"""

import asyncio
import itertools
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from msgspec import Struct

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.drivers.closed_loop import Answered, Pass, User, closed_loop
from loadtest.benchmarks.servers.engine import Engine

Messages = list[dict[str, str]]


class Job(Struct, frozen=True):
    """One pass: ``conversations`` shared among ``users``."""

    users: int
    conversations: list[Messages]
    max_tokens: int


def _user(engine: Any, serial: "itertools.count[int]", max_tokens: int) -> User:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    tokenizer = engine.get_tokenizer()
    params = SamplingParams(
        max_tokens=max_tokens, temperature=0.0, output_kind=RequestOutputKind.DELTA
    )

    async def ask(conversation: str) -> Answered:
        started = time.perf_counter()
        first = 0.0
        prompt_tokens = cached = completion = 0
        text = tokenizer.apply_chat_template(
            msgspec.json.decode(conversation), tokenize=False, add_generation_prompt=True
        )
        async for output in engine.generate(text, params, f"compare-{next(serial)}"):
            delta = output.outputs[0]
            if not first and delta.text:
                first = time.perf_counter()
            completion += len(delta.token_ids)
            prompt_tokens = len(output.prompt_token_ids or ())
            cached = output.num_cached_tokens or 0
        ended = time.perf_counter()
        return Answered(
            (first or ended) - started, ended - started, prompt_tokens, cached, completion
        )

    return ask


async def _serve(model: Path, replies: int) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**Engine(model).arguments()))
    serial = itertools.count()
    try:
        os.write(replies, b"ready\n")
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            job = msgspec.json.decode(line, type=Job)
            # The loop takes questions as text, so a conversation travels as JSON.
            questions = [msgspec.json.encode(each).decode() for each in job.conversations]
            users = [_user(engine, serial, job.max_tokens) for _ in range(job.users)]
            done: Pass = await closed_loop(users, questions)
            with os.fdopen(os.dup(replies), "wb") as reply:
                reply.write(msgspec.json.encode(done) + b"\n")
    finally:
        engine.shutdown()


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("model", type=Path)
    model = study.parse_args().model
    # vLLM logs to standard output, which carries the replies here.
    replies = os.dup(1)
    os.dup2(2, 1)
    uvloop.run(_serve(model, replies))


if __name__ == "__main__":
    main()
