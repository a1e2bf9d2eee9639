"""What `prepare` is worth: TTFT of a prepared question beside one that was not prepared.

A user works on a file of about 3,000 tokens; no two files are alike. Either the question comes
unannounced, or the editor has sent `prepare` with the file before, as it does while the user types,
and the question follows when that is done. Pairs alternate between cold first and prepared first.

    python -m loadtest.benchmarks.serving.prepare [--deploy ray]

Limits: there is one user at a time, so `prepare` has the engine to itself, and the user types for
longer than prefill takes. Retrieval is off, because its passages would not fit into the tiny
model's context beside the file. In both cases models and caches are warm.
"""

import argparse
import asyncio
import itertools
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from websockets.asyncio.client import ClientConnection

from backend.protocol.wire import Ask, Context, Prepare, encode
from loadtest.benchmarks.command import Study, say
from loadtest.benchmarks.drivers.users import asked, dial
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.experiments.markdown import table

CONTEXT_TOKENS = 3000
TOKENS = 16
QUESTION = "What does this file compute, and which numpy.fft function would be faster?"
_CHARACTERS_PER_TOKEN = 3.2  # for the tiny model, on such a file
_WORDS = ("index", "value", "result", "name", "data", "size", "count", "path", "line", "text")


def source(serial: int, tokens: int) -> str:
    """Python of about so many tokens. Files of two serials share no beginning."""
    words = random.Random(serial)
    lines = [f"# {serial}"]
    while len("\n".join(lines)) < tokens * _CHARACTERS_PER_TOKEN:
        name, argument, result = words.sample(_WORDS, 3)
        lines.append(f"    {result} = self.{name}({argument}, {words.choice(_WORDS)})")
    return "\n".join(lines)


async def _ttft_ms(socket: ClientConnection, context: Context) -> tuple[float, int, int]:
    """Also the tokens of the prompt, and how many of them were cached."""
    ask = Ask(
        id=uuid.uuid4().hex,
        question=QUESTION,
        context=context,
        sources=(),
        max_tokens=TOKENS,
        temperature=0.0,
    )
    answer = await asked(socket, ask)
    return 1000 * answer.ttft_s, answer.prompt_tokens, answer.cached_tokens


async def _measure(url: str, pairs: int, typing_s: float) -> str:
    serial = itertools.count(random.randrange(10**9))
    taken: dict[str, list[tuple[float, int, int]]] = {"cold": [], "prepared": []}
    async with dial(url) as socket:
        await _ttft_ms(socket, _context(serial))
        for turn in range(pairs):
            for how in sorted(taken, reverse=bool(turn % 2)):
                context = _context(serial)
                if how == "prepared":
                    guess = Prepare(
                        id=uuid.uuid4().hex, question=QUESTION[:20], context=context, sources=()
                    )
                    await socket.send(encode(guess))
                await asyncio.sleep(typing_s)
                taken[how].append(await _ttft_ms(socket, context))
                say(f"{how}: {taken[how][-1][0]:.1f} ms")
    rows = []
    for how, answers in taken.items():
        ttft, prompt, cached = (median(column) for column in zip(*answers, strict=True))
        rows.append([how, f"{ttft:.1f}", f"{prompt:.0f}", f"{cached:.0f}"])
    cold, prepared = (median(each[0] for each in taken[how]) for how in ("cold", "prepared"))
    heads = ["question", "TTFT p50, ms", "prompt tokens", "of them cached"]
    return f"{table(heads, rows)}\n\nPrepared to cold: {prepared / cold:.2f}"


def _context(serial: Iterator[int]) -> Context:
    number = next(serial)
    text = source(number, CONTEXT_TOKENS)
    return Context(uri=f"file:///{number}.py", language="python", text=text)


async def _run(arguments: argparse.Namespace, folder: Path) -> str:
    engine = Engine(tiny_model.make(arguments.model.resolve()))
    async with serving(folder, engine, arguments.deploy, {"ray.generator_replicas": 2}) as backend:
        return await _measure(backend.url, arguments.pairs, arguments.typing_s)


def main() -> None:
    study = Study(__spec__, __doc__)
    study.deploy()
    study.number("--pairs", 15, "measured pairs")
    study.number(
        "--typing-s", 1.5, "seconds from prepare to the question; a cold one waits as long",
        zero=True,
    )  # fmt: skip
    study.model()
    study.run(_run)


if __name__ == "__main__":
    main()
