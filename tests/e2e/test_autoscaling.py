"""Load starts a second generator on Ray Serve, and its end takes it back.

Between the two, conversations find their replica again.
"""

import asyncio
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.protocol.wire import Ask, Delta, Finished, Turn

CONVERSATIONS = 6
FOLLOW_UPS = 2  # by chance all of them would be answered where they belong once in 4,096 runs

SETTINGS = """
[vllm]
cpu_threads = 1
[generation]
max_tokens = 3000
[retrieval]
budget_ms = 5000
embedder_threads = 1
[rails.pii]
action = "off"
[rails.toxicity]
action = "off"
[ray]
drain_s = 2
[autoscaling]
enabled = true
max_replicas = 2
replica_tokens_per_s = 50
settle_s = 2
startup_s = 5
interval_s = 0.5
scale_down_after_s = 8
scale_down_every_s = 1
"""


@pytest.fixture
def ray_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where Ray's logs go. Its sockets go there too: the path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.engine
@pytest.mark.ray
async def test_load_starts_a_second_generator_and_its_end_takes_it_back(
    start_backend: Callable, stop_backend: Callable, connect_to: Callable,
    ray_folder: Path, tiny_model: Path, tmp_path: Path, data: Path,
) -> None:  # fmt: skip
    """Every decision is a line of the controller's log; no answer is lost on the way.

    While there are two, each conversation stays with the one that has read it.
    """
    config = tmp_path / "glossator.toml"
    config.write_text(SETTINGS)
    backend = await asyncio.to_thread(
        start_backend, "--deploy", "ray", "--engine", "vllm", "--model", str(tiny_model),
        "--data", str(data), "--config", str(config),
    )  # fmt: skip

    def log() -> str:
        """Of Serve's controller."""
        files = ray_folder.glob("ray/session_2*/logs/serve/controller_*.log")
        return "\n".join(file.read_text() for file in files)

    def decided(change: str) -> Callable[[], bool]:
        return lambda: f"generator: {change} replicas. " in log()

    def generators_up() -> int:
        return len(re.findall(r"deployment='generator', .* started successfully", log()))

    async def ask(until: Callable[[], bool]) -> None:
        """One answer after the other, every one of them whole."""
        async with connect_to(backend) as client:
            while True:
                question = Ask(id=uuid.uuid4().hex, question="Go on.", sources=(), max_tokens=600)
                assert isinstance((await client.ask(question))[-1], Finished)
                if await asyncio.to_thread(until):
                    return

    async def converse(backend: "Backend") -> None:  # noqa: F821
        """Every follow-up finds in a prefix cache what was read before it."""
        rules = f"Conversation {uuid.uuid4().hex}. " + "Explain each step of the code. " * 60
        history: tuple[Turn, ...] = ()
        read = 0
        async with connect_to(backend) as client:
            for number in range(FOLLOW_UPS + 1):
                ask = Ask(id=uuid.uuid4().hex, question=f"And step {number}?", sources=(),
                          instructions=rules, history=history, max_tokens=8)  # fmt: skip
                frames = await client.ask(ask)
                assert isinstance(frames[-1], Finished)
                usage = frames[-1].usage
                assert usage.cached_tokens >= read / 2, f"follow-up {number} was read anew"
                read = usage.prompt_tokens
                text = "".join(frame.text for frame in frames if isinstance(frame, Delta))
                history += (Turn("user", ask.question), Turn("assistant", text))

    try:
        assert generators_up() == 1
        # One asker is load enough, and leaves the other core to the engine that starts.
        asking = asyncio.create_task(ask(lambda: generators_up() == 2))
        await backend.until(decided("1 -> 2"), "a second generator asked for", 60)
        reason = re.search(r"generator: 1 -> 2 replicas\. (\w+): .*", log())
        assert reason
        assert reason[1] in ("rate", "work")
        await backend.until(lambda: generators_up() == 2, "the second generator up", 90)
        await asking
        for _ in range(CONVERSATIONS):  # one at a time: a replica's load is a reason to leave it
            await converse(backend)
        await backend.until(decided("2 -> 1"), "the second generator taken back", 60)
        await ask(lambda: True)
    finally:
        await asyncio.to_thread(stop_backend, backend)
