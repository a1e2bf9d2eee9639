"""What Ray Serve's replicas may do to an answer under way: nothing that its user sees.

The generator's replicas stand in front of a scripted upstream that answers with numbered words, so
that no engine has to start; that vLLM goes on token by token is its contract's matter.
"""

import asyncio
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from backend.protocol.wire import Ask, Delta, Finished, Terminal
from lsp_server.client.client import Client

pytestmark = pytest.mark.ray

WORDS = 1200  # a millisecond each, and more on a busy machine
SETTINGS = f"""\
[generation]
max_tokens = {WORDS}
[rails.pii]
action = "off"
[rails.toxicity]
action = "off"
[ray]
gateway_replicas = 2
generator_replicas = 2
drain_s = 8
health_check_period_s = 1
"""


@pytest.fixture(scope="module")
def pairs(
    start_backend: Callable[..., "Backend"],  # noqa: F821
    stop_backend: Callable[["Backend"], None],  # noqa: F821
    _upstream: "Upstream",  # noqa: F821
    data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["Backend"]:  # noqa: F821
    """A backend with two replicas of the gateway and two of the generator."""
    config = tmp_path_factory.mktemp("pairs") / "glossator.toml"
    config.write_text(SETTINGS)
    backend = start_backend(
        "--deploy", "ray", "--engine", "openai", "--upstream", _upstream.url,
        "--data", str(data), "--config", str(config),
    )  # fmt: skip
    yield backend
    stop_backend(backend)


def expected(question):
    return "".join(f"{question}{number} " for number in range(WORDS))


class User:
    """The language server's client, and the answer that comes over it."""

    def __init__(self, url):
        self.client = Client(url, resume_s=60, spread_s=0.2)
        self.statuses = []
        self.word = f"w{uuid.uuid4().hex[:6]}-"
        self.frames = []
        self.begun = asyncio.Event()

    async def ask(self):
        ask = Ask(id=uuid.uuid4().hex, question=self.word, sources=(), deadline_ms=120_000)
        async with aclosing(self.client.ask(ask)) as frames:
            async for frame in frames:
                self.frames.append(frame)
                if isinstance(frame, Delta):
                    self.begun.set()

    def expect_whole(self):
        text = "".join(frame.text for frame in self.frames if isinstance(frame, Delta))
        assert text == expected(self.word), self.frames[-1]
        assert [frame.seq for frame in self.frames] == list(range(len(self.frames)))
        assert [isinstance(frame, Terminal) for frame in self.frames].count(True) == 1
        assert isinstance(self.frames[-1], Finished)


async def disturbed(backend, disturb, users=6):
    """Runs ``disturb`` once every user's answer has begun; each must come out whole."""
    asking = [User(backend.url) for _ in range(users)]
    try:
        async with asyncio.timeout(150), asyncio.TaskGroup() as group:
            for user in asking:
                group.create_task(user.ask())
            await asyncio.gather(*(user.begun.wait() for user in asking))
            await disturb()
        for user in asking:
            user.expect_whole()
    finally:
        for user in asking:
            await user.client.close()


def replicas(backend, name):
    """Only of this backend: another one may live on the machine."""
    title = f"ray::ServeReplica:glossator:{name}"
    found = {}
    for process in psutil.Process(backend.process.pid).children(recursive=True):
        try:
            if title in " ".join(process.cmdline()):
                found[process.pid] = process
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("deployment", ["generator", "gateway"])
async def test_answers_outlive_the_replica_that_makes_or_carries_them(pairs, deployment):
    """After SIGKILL to one of two, each user has the whole answer, nothing lost or doubled."""
    await pairs.until(lambda: len(replicas(pairs, deployment)) == 2, "both replicas run")

    async def kill():
        next(iter(replicas(pairs, deployment).values())).kill()

    await disturbed(pairs, kill)


async def test_a_redeployment_replaces_every_replica_and_no_user_notices(pairs):
    """SIGHUP: answers under way end as they should, idle clients move without a word."""
    await pairs.until(lambda: len(replicas(pairs, "gateway")) == 2, "both gateways run")
    old = {*replicas(pairs, "gateway"), *replicas(pairs, "generator")}
    statuses = []
    idle = Client(pairs.url, on_status=statuses.append, spread_s=0.2)
    await idle.connect()
    staying = asyncio.create_task(idle.stay_connected())

    def replaced():
        new = {*replicas(pairs, "gateway"), *replicas(pairs, "generator")}
        done = "The deployments are replaced" in pairs.log.read_text()
        return done and len(new) == 4 and not new & old

    async def redeploy():
        os.kill(pairs.process.pid, signal.SIGHUP)

    await disturbed(pairs, redeploy)
    await pairs.until(replaced, "every replica is replaced", patience_s=90)

    told = [status.state for status in statuses]
    question = Ask(id="after", question="again", sources=(), max_tokens=3)
    frames = [frame async for frame in idle.ask(question)]
    staying.cancel()
    await idle.close()
    assert isinstance(frames[-1], Finished)
    assert "offline" not in told
