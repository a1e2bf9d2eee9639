"""The paths under comparison. Each is a context that starts a server and yields its routes."""

import asyncio
import re
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from backend.deploy.addresses import free_port
from backend.protocol.wire import Ask
from loadtest.benchmarks.drivers.closed_loop import Pass, closed_loop
from loadtest.benchmarks.drivers.users import asking, sse_users, websocket_users
from loadtest.benchmarks.models import tiny_toxicity
from loadtest.benchmarks.servers.engine import Engine
from loadtest.benchmarks.servers.in_process import Job, Messages
from loadtest.benchmarks.servers.process import Child, finished, running
from loadtest.scenarios import questions

ASYNC_LLM = "AsyncLLM in process"
VLLM_SERVE = "vllm serve"
VLLM_DOCUMENTED = "vllm serve, passages given"
LOCAL = "gateway, local"
RAY = "gateway, Ray Serve"
RAY_TWO = "gateway, Ray Serve, 2 generators"
RAY_LLM_APP = "ray.serve.llm, OpenAI app"
RAY_LLM_DIRECT = "ray.serve.llm, direct streaming"
PIPELINE = "FastAPI + HF pipeline"
FULL = "gateway, local, rails and retrieval"
LOCAL_DOCUMENTED = "gateway, local, passages given"
LOCAL_RETRIEVAL = "gateway, local, retrieval"
RAY_DOCUMENTED = "gateway, Ray Serve, passages given"
RAY_RETRIEVAL = "gateway, Ray Serve, retrieval"

Measure = Callable[[int, Iterable[str]], Awaitable[Pass]]  # (users, questions)


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an answer.

    ``pid`` is the ancestor of all processes of its server. ``url`` is where the server answers,
    without a path, and empty when nothing listens.
    """

    measure: Measure
    pid: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all paths have in common. ``capture`` makes the prompts."""

    engine: Engine
    max_tokens: int
    messages: Callable[[str], Messages]
    documented: Mapping[str, str]
    data: Path  # an index of ours
    config: Path  # our settings
    folder: Path  # for logs


@asynccontextmanager
async def async_llm(setting: Setting) -> AsyncIterator[dict[str, Route]]:
    command = [
        sys.executable,
        "-m",
        "loadtest.benchmarks.servers.in_process",
        str(setting.engine.model),
    ]
    environment = setting.engine.environment()
    async with running(ASYNC_LLM, command, setting.folder, environment, piped=True) as child:
        requests, replies = child.process.stdin, child.process.stdout
        assert requests is not None
        assert replies is not None

        async def reply() -> bytes:
            line = await replies.readline()
            if not line:
                raise child.failure("ended")
            return line

        async def measure(users: int, questions: Iterable[str]) -> Pass:
            job = Job(users, [setting.messages(each) for each in questions], setting.max_tokens)
            requests.write(msgspec.json.encode(job) + b"\n")
            await requests.drain()
            return msgspec.json.decode(await reply(), type=Pass)

        await reply()  # it is ready
        yield {ASYNC_LLM: Route(measure, child.process.pid)}


@asynccontextmanager
async def vllm_serve(setting: Setting) -> AsyncIterator[dict[str, Route]]:
    engine = setting.engine
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def healthy() -> bool | None:
        try:
            with urlopen(f"{url}/health", timeout=5):
                return True
        except (URLError, OSError):
            return None

    command = engine.serve_command(port)
    async with running(VLLM_SERVE, command, setting.folder, engine.environment()) as child:
        await child.until(lambda: asyncio.to_thread(healthy))
        yield {
            VLLM_SERVE: _sse_route(url, setting, child, setting.messages),
            VLLM_DOCUMENTED: _sse_route(url, setting, child, _with_passages(setting)),
        }


def _with_passages(setting: Setting) -> Callable[[str], Messages]:
    """Nearly the messages of ``_retrieving``. They begin with what keeps them out of the cache."""
    return lambda question: setting.messages(
        f"Request {uuid.uuid4().hex}.\n{setting.documented[question]}"
    )


def _sse_route(
    url: str, setting: Setting, child: Child, messages: Callable[[str], Messages]
) -> Route:
    async def measure(count: int, questions: Iterable[str]) -> Pass:
        async with sse_users(
            url, count, setting.max_tokens, setting.engine.name, messages
        ) as users:
            return await closed_loop(users, questions)

    return Route(measure, child.process.pid, url)


def local_gateway(setting: Setting) -> AbstractAsyncContextManager[dict[str, Route]]:
    return _with_and_without_retrieval("local", setting, LOCAL, LOCAL_DOCUMENTED, LOCAL_RETRIEVAL)


def ray_gateway(setting: Setting) -> AbstractAsyncContextManager[dict[str, Route]]:
    return _with_and_without_retrieval("ray", setting, RAY, RAY_DOCUMENTED, RAY_RETRIEVAL)


@asynccontextmanager
async def _with_and_without_retrieval(
    deploy: str, setting: Setting, bare: str, documented: str, retrieving: str
) -> AsyncIterator[dict[str, Route]]:
    async with _gateway(deploy, setting) as route:
        yield {
            bare: route(asking(setting.max_tokens)),
            documented: route(_documented(setting)),
            retrieving: route(_retrieving(setting)),
        }


@asynccontextmanager
async def two_replicas(setting: Setting) -> AsyncIterator[dict[str, Route]]:
    more = {"GLOSSATOR_RAY__GENERATOR_REPLICAS": "2"}
    async with _gateway("ray", setting, environment=more) as route:
        yield {RAY_TWO: route(asking(setting.max_tokens))}


@asynccontextmanager
async def full_gateway(setting: Setting) -> AsyncIterator[dict[str, Route]]:
    """Every rail is on. The toxicity model is the tiny one, which is made beside the other."""
    toxicity = await asyncio.to_thread(tiny_toxicity.make, setting.engine.model.parent / "toxicity")
    rails = {
        "GLOSSATOR_RAILS__PII__ACTION": "redact",
        "GLOSSATOR_RAILS__TOXICITY__ACTION": "block",
        "GLOSSATOR_RAILS__TOXICITY__MODEL": str(toxicity.file),
        "GLOSSATOR_RAILS__TOXICITY__MODEL_CONFIG": str(toxicity.config),
    }
    async with _gateway("local", setting, environment=rails) as route:
        yield {FULL: route(_retrieving(setting))}


@asynccontextmanager
async def pipeline(setting: Setting) -> AsyncIterator[dict[str, Route]]:
    async with _gateway("local", setting, engine="transformers") as route:
        yield {PIPELINE: route(asking(setting.max_tokens))}


def ray_llm_app(setting: Setting) -> AbstractAsyncContextManager[dict[str, Route]]:
    return _ray_llm("app", RAY_LLM_APP, setting)


def ray_llm_direct(setting: Setting) -> AbstractAsyncContextManager[dict[str, Route]]:
    return _ray_llm("direct", RAY_LLM_DIRECT, setting)


@asynccontextmanager
async def _ray_llm(mode: str, path: str, setting: Setting) -> AsyncIterator[dict[str, Route]]:
    engine = setting.engine
    command = [sys.executable, "-m", "loadtest.benchmarks.servers.ray_llm", mode, str(engine.model)]
    command += ["--load-format", engine.load_format, "--port", str(free_port())]
    command += [] if engine.eager else ["--graphs"]
    async with running(f"ray-llm {mode}", command, setting.folder, engine.environment()) as child:
        yield {path: _sse_route(await url_of(child), setting, child, setting.messages)}


@asynccontextmanager
async def _gateway(
    deploy: str,
    setting: Setting,
    *,
    engine: str = "vllm",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Callable[[Callable[[str], Ask]], Route]]:
    """One `glossator serve`; yields a function that makes a route for a kind of request."""
    # An index has one owner at a time: each gateway gets its own.
    data = Path(tempfile.mkdtemp(dir=setting.folder)) / "data"
    await asyncio.to_thread(shutil.copytree, setting.data, data)
    command = glossator(
        "serve", "--deploy", deploy, "--engine", engine, "--model", str(setting.engine.model),
        "--config", str(setting.config), "--data", str(data), "--port", "0",
    )  # fmt: skip
    environment = {**setting.engine.environment(), **environment}
    async with running(f"gateway {deploy}", command, setting.folder, environment) as child:
        url = await url_of(child)

        def route(request: Callable[[str], Ask]) -> Route:
            async def measure(count: int, questions: Iterable[str]) -> Pass:
                async with websocket_users(url, count, request) as users:
                    return await closed_loop(users, questions)

            return Route(measure, child.process.pid, url)

        yield route


def _retrieving(setting: Setting) -> Callable[[str], Ask]:
    """Asks with retrieval. Questions about one topic find the same passages. The instructions come
    before these in the prompt and always differ, which keeps them out of the prefix cache."""
    ask_with_passages = asking(setting.max_tokens, retrieving=True)

    def request(question: str) -> Ask:
        ask = ask_with_passages(question)
        return msgspec.structs.replace(ask, instructions=f"Request {ask.id}.")

    return request


def _documented(setting: Setting) -> Callable[[str], Ask]:
    """Asks for the prompt of ``_retrieving``, with its passages, but without retrieval."""
    retrieving = _retrieving(setting)

    def request(question: str) -> Ask:
        ask = retrieving(question)
        return msgspec.structs.replace(ask, question=setting.documented[question], sources=())

    return request


def glossator(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "glossator", *arguments]


async def indexed(folder: Path, name: str = "data") -> Path:
    """An index of what ``questions`` asks about, in ``folder / name``."""
    data = folder / name
    await finished("index", glossator("index", questions.INDEXED, "--data", str(data)), folder)
    return data


async def url_of(child: Child) -> str:
    """Where a `glossator serve` answers, as soon as its log says so."""

    async def look() -> str | None:
        found = re.search(r"serves at (\S+?),", child.log())
        return found[1] if found else None

    return await child.until(look)
