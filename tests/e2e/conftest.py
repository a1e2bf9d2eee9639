"""The whole product as a user runs it: real commands, real processes, real sockets."""

import asyncio
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import ClientConnection, connect

from backend.deploy.addresses import free_port
from backend.protocol import wire
from backend.protocol.wire import AnswerFrame, Ask, ClientFrame, Failed, Finished, ServerFrame

if TYPE_CHECKING:
    from playwright.async_api import Browser

GLOSSATOR = [sys.executable, "-m", "glossator"]
STARTS_WITHIN_S = 240
ANSWERS_WITHIN_S = 60


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs `glossator` to its end."""
    return subprocess.run(
        [*GLOSSATOR, *arguments],
        capture_output=True, text=True, timeout=STARTS_WITHIN_S, **options,
    )  # fmt: skip


@dataclass
class Backend:
    """A `glossator serve` of its own, and what its users can reach."""

    url: str
    process: subprocess.Popen[str]
    log: Path

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=60) as response:
            return str(response.read().decode())

    def metric(self, name: str) -> float:
        """One sample of ``/metrics``; ``name`` with its labels as Prometheus prints them."""
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.get("/metrics"), re.MULTILINE)
        assert found, f"{name} is not in /metrics"
        return float(found[1])

    async def until(self, condition: Callable[[], bool], what: str, patience_s: float = 60) -> None:
        """Polls: what happens inside the engine announces itself to nobody."""
        deadline = time.monotonic() + patience_s
        while not await asyncio.to_thread(condition):
            assert time.monotonic() < deadline, f"still not: {what}"
            await asyncio.sleep(0.05)

    def engine_is_idle(self) -> bool:
        return (
            self.metric('glossator_engine_requests{state="running"}') == 0
            and self.metric('glossator_engine_requests{state="waiting"}') == 0
        )

    def engine_is_busy(self) -> bool:
        return self.metric('glossator_engine_requests{state="running"}') > 0


class Client:
    """One websocket, spoken by hand: nothing between the test and the protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, frame: ClientFrame | str | bytes) -> None:
        text = frame if isinstance(frame, str | bytes) else wire.encode(frame)
        await self.socket.send(text)

    async def receive(self) -> ServerFrame:
        """The next frame about a request: a degraded backend says so whenever one connects."""
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while isinstance(frame := wire.decode_server(await self.socket.recv()), wire.Status):
                pass
            return frame

    async def until(self, kind: type[AnswerFrame]) -> list[AnswerFrame]:
        """Every frame up to and with the first of ``kind``, or a terminal one."""
        frames = [await self.receive()]
        while not isinstance(frames[-1], kind | Finished | Failed):
            frames.append(await self.receive())
        return frames

    async def ask(self, ask: Ask) -> list[AnswerFrame]:
        """Every frame of one answer."""
        await self.send(ask)
        return await self.until(Finished)


Connect = Callable[[], "asynccontextmanager[Client]"]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the installed numpy.fft, made by the command a user would type."""
    folder = tmp_path_factory.mktemp("data")
    indexed = run("index", "package:numpy.fft", "--data", str(folder))
    assert indexed.returncode == 0, indexed.stderr
    return folder


@pytest.fixture(scope="module")
def own_data(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same index for a server beside others: one process owns an index."""
    copy = tmp_path_factory.mktemp("own") / "data"
    shutil.copytree(data, copy)
    return copy


@pytest.fixture(scope="session")
def start_backend(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Backend]]:
    """``start_backend("--engine", "vllm", ...)``: serves on a free port until the session ends.

    ``inside`` is a command that runs what is appended to it: `unshare`, say.
    """
    started: list[Backend] = []

    def start(*options: str, inside: Sequence[str] = ()) -> Backend:
        log = tmp_path_factory.mktemp("backend") / "log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*inside, *GLOSSATOR, "serve", "--port", "0", *options],
                stdout=output, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
        backend = Backend("", process, log)
        started.append(backend)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not (ready := re.search(r"serves at (\S+?),", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        backend.url = ready[1]
        return backend

    yield start
    for backend in started:
        stop(backend)


def stop(backend: Backend) -> None:
    backend.process.terminate()
    try:
        backend.process.wait(60)
    except subprocess.TimeoutExpired:
        backend.process.kill()
        raise


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("local", marks=pytest.mark.engine),
        pytest.param("ray", marks=[pytest.mark.engine, pytest.mark.ray]),
    ],
)
def backend(
    request: pytest.FixtureRequest,
    start_backend: Callable[..., Backend],
    tiny_model: Path,
    tmp_path_factory: pytest.TempPathFactory,
    data: Path,
    collector: "Collector",  # noqa: F821
) -> Iterator[Backend]:
    """The vLLM backend with the tiny model, once in one process and once on Ray Serve."""
    settings = tmp_path_factory.mktemp("settings") / "glossator.toml"
    settings.write_text(
        "[server]\nmax_frame_bytes = 65536\nresume_window_s = 3\ntenant_header = 'X-Tenant'\n"
        "[generation]\nmax_tokens = 3000\n"
        "[retrieval]\nbudget_ms = 5000\nembedder_threads = 1\n"
        "[vllm]\ncpu_threads = 1\n"
        "[tenants.strict]\nrails = {secrets = 'block'}\n"
        '[tenants.""]\n'  # who sends no header is a tenant too
        f"[ray]\nmetrics_port = {free_port()}\n"
        f"[observability]\notlp_endpoint = '{collector.url}'\nlog_format = 'json'\n"
    )
    backend = start_backend(
        "--deploy", request.param, "--engine", "vllm", "--model", str(tiny_model),
        "--data", str(data), "--config", str(settings),
    )  # fmt: skip
    yield backend
    # Not at the session's end: two deployments at once would share two cores, and the index.
    stop(backend)


@pytest.fixture
async def client(backend: Backend) -> AsyncIterator[Client]:
    async with connected(backend) as client:
        yield client


@asynccontextmanager
async def connected(backend: Backend) -> AsyncIterator[Client]:
    url = backend.url.replace("http", "ws") + wire.PATH
    async with connect(
        url, subprotocols=[wire.SUBPROTOCOL], compression=None, max_size=None
    ) as socket:  # type: ignore[list-item]
        yield Client(socket)


@pytest.fixture(scope="session")
def connect_to() -> Callable[[Backend], object]:
    """``async with connect_to(backend) as client``: one more connection."""
    return connected


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator["Browser"]:
    """One for the session; its users open contexts of their own."""
    from loadtest.benchmarks.editors.browser import chromium

    async with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def stop_backend() -> Callable[[Backend], None]:
    """Before the session's end: two deployments at once would share two cores."""
    return stop


@pytest.fixture
def run_glossator() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run


@pytest.fixture(autouse=True)
async def _idle_again(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """No test leaves work in the engine behind."""
    yield
    if "backend" in request.fixturenames:
        backend: Backend = request.getfixturevalue("backend")
        with suppress(OSError):
            await backend.until(backend.engine_is_idle, "the engine idle after the test")
