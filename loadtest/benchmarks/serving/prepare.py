"""What `prepare` is worth: TTFT of a question that was prepared beside one that was not.

A user works on a file of about 3,000 tokens, no two alike. Either the question comes out of the
blue, or the editor has sent `prepare` with the file before, as it does while the user types, and
the question follows once that is through. Pairs take turns, cold first and prepared first.

    python -m loadtest.benchmarks.serving.prepare [--deploy ray]

Limits: one user at a time, so `prepare` has the engine for itself, and a user who types for longer
than prefill takes; without retrieval, whose passages would not fit into the tiny model's context
beside the file. In both cases the backend has answered before: models and caches are warm.
"""

import argparse
import asyncio
import itertools
import random
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import uvloop
from websockets.asyncio.client import ClientConnection

from backend.protocol.wire import Ask, Context, Prepare, encode
from loadtest.benchmarks.drivers.users import asked, dial
from loadtest.benchmarks.models import tiny_model
from loadtest.benchmarks.servers.cluster import serving
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.process import ProcessFailed

CONTEXT_TOKENS = 3000
TOKENS = 16
QUESTION = "What does this file compute, and which numpy.fft function would be faster?"
_CHARACTERS_PER_TOKEN = 3.2  # of the tiny model, on such a file
_WORDS = ("index", "value", "result", "name", "data", "size", "count", "path", "line", "text")


def source(serial: int, tokens: int) -> str:
    """Python of about so many tokens, that no other serial shares a beginning with."""
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
                print(f"{how}: {taken[how][-1][0]:.1f} ms", file=sys.stderr, flush=True)
    rows = ["| question | TTFT p50, ms | prompt tokens | of them cached |", "| --- " * 4 + "|"]
    for how, answers in taken.items():
        ttft, prompt, cached = (median(column) for column in zip(*answers, strict=True))
        rows.append(f"| {how} | {ttft:.1f} | {prompt:.0f} | {cached:.0f} |")
    cold, prepared = (median(each[0] for each in taken[how]) for how in ("cold", "prepared"))
    return "\n".join([*rows, "", f"Prepared to cold: {prepared / cold:.2f}"])


def _context(serial: Iterator[int]) -> Context:
    number = next(serial)
    text = source(number, CONTEXT_TOKENS)
    return Context(uri=f"file:///{number}.py", language="python", text=text)


async def _run(arguments: argparse.Namespace, folder: Path) -> str:
    engine = Engine(tiny_model.make(arguments.model.resolve()))
    async with serving(folder, engine, arguments.deploy, {"ray.generator_replicas": 2}) as backend:
        return await _measure(backend.url, arguments.pairs, arguments.typing_s)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.benchmarks.serving.prepare",
        description=(__doc__ or "").partition("\n")[0],
    )
    parser.add_argument("--deploy", choices=["local", "ray"], default="local", help="(local)")
    parser.add_argument("--pairs", type=int, default=15, metavar="N", help="measured (15)")
    parser.add_argument(
        "--typing-s", type=float, default=1.5, metavar="S",
        help="from prepare to the question; the cold one waits as long (1.5)",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, default=Path(".models/tiny"), metavar="FOLDER",
        help="the tiny model; made there if need be (.models/tiny)",
    )  # fmt: skip
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="glossator-prepare-") as folder:
            print(uvloop.run(_run(arguments, Path(folder))))
    except (ProcessFailed, OSError) as error:
        sys.exit(f"prepare: {error}")


if __name__ == "__main__":
    main()
