"""A generator on any OpenAI-compatible server: a remote vLLM, Ollama, llama.cpp, a hosted API.

Only this module imports the ``openai`` client. It asks again only after a refusal that names a part
of the request, which generates nothing. Any other retry could generate twice, while the caller's
deadline runs.
"""

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import openai

from backend.errors import (
    Blocked,
    GlossatorError,
    Overloaded,
    StartupFailed,
    TooLarge,
    UnknownModel,
    UpstreamFailed,
)
from backend.generators.chat.stops import spoken
from backend.generators.chat.thinking import CLOSE, OPEN, TAGS
from backend.generators.habits import Habits, choice
from backend.ports import Finish, Load, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage
from backend.settings import Generation

if TYPE_CHECKING:
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletionChunk

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
_TAGS = tuple(tag for tag, _ in TAGS)
_FINISHES: dict[str, Finish] = {"stop": "stop", "length": "length"}
_WORDS = 300  # characters of an upstream's message that are repeated


class OpenAIGenerator:
    """Streams chat completions of one model. Made by ``start``."""

    def __init__(self, client: openai.AsyncOpenAI, model: str) -> None:
        self.model = model
        self.fills = False  # the API has no standard way to ask for it
        self._client = client
        self._habits = Habits()
        self._running = 0

    @classmethod
    async def start(cls, generation: Generation) -> "OpenAIGenerator":
        """Without a configured model, it serves the first listed one that chats.

        With a configured model, it starts even if the upstream is down. Raises ``StartupFailed``.
        """
        client = openai.AsyncOpenAI(
            base_url=generation.upstream,
            # The key is always given, even if empty. Otherwise the client would take a key from the
            # environment and send it to a server that the key is not meant for.
            api_key=generation.upstream_key or "none",
            timeout=openai.Timeout(generation.upstream_timeout_s, connect=CONNECT_TIMEOUT_S),
            max_retries=0,
        )
        try:
            return cls(client, generation.model or await _chosen_model(client))
        except GlossatorError as error:
            await client.close()
            raise StartupFailed(error.message) from error

    def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """The answer up to a stop string. They are searched here as well, because an upstream may
        take only a few, and would find them in the model's thinking.
        """
        answer = self._answer(prompt, sampling)
        return spoken(answer, "", sampling.stop) if sampling.stop else answer

    async def _answer(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[TextDelta]:
        """One delta per chunk. Thinking that is sent apart comes between tags.

        The last delta has the token counts, as in the protocol. ``priority`` and ``cache_salt`` are
        not sent, because the protocol has no fields for them.
        """
        self._running += 1
        try:
            with _mapped(self._client, self.model):
                chunks = await self._opened(prompt, sampling)
                thinking = said = False
                finish: Finish | None = None
                usage: CompletionUsage | None = None
                # Leaving the block closes the connection, which tells the upstream to abort.
                async with chunks:
                    async for chunk in chunks:
                        text, ended, thought = _read(chunk)
                        finish = ended or finish
                        usage = chunk.usage or usage
                        if not said and (thought or text.lstrip().startswith(_TAGS)):
                            self._habits.thinks = True
                        if thought and not said:
                            yield TextDelta(thought if thinking else OPEN + thought)
                            thinking = True
                        if text:
                            yield TextDelta(CLOSE + text if thinking and not said else text)
                            said = True
                if finish is None:
                    raise UpstreamFailed(
                        f"The upstream {self._client.base_url} ended the answer early. Ask again; "
                        "its own log may say why."
                    )
                yield _last(finish, usage)
        finally:
            self._running -= 1

    async def warm(self, prompt: Prompt) -> Usage:
        """Does nothing: without priorities, a warm-up would delay real answers, or cost money."""
        return Usage()

    async def load(self) -> Load:
        """Our own open requests. The protocol does not tell what else the upstream does."""
        return Load(running=self._running)

    async def check(self) -> None:
        with _mapped(self._client, self.model):
            await self._client.models.list()

    async def close(self) -> None:
        await self._client.close()

    async def _opened(
        self, prompt: Prompt, sampling: Sampling
    ) -> "openai.AsyncStream[ChatCompletionChunk]":
        """Asks, and again while the upstream teaches something by its refusals."""
        while True:
            request = self._request(prompt, sampling)
            try:
                stream: openai.AsyncStream[
                    ChatCompletionChunk
                ] = await self._client.chat.completions.create(**request)
                return stream
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                learnt = self._habits.learn(str(error.body or error), error.param, request)
                if not learnt:
                    raise
                log.info("the upstream %s wants %s", self._client.base_url, learnt)

    def _request(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        messages = self._habits.messages(prompt.messages)
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": each.role, "content": each.text} for each in messages],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if prompt.traceparent:
            request["extra_headers"] = {"traceparent": prompt.traceparent}
        if sampling.stop:
            request["stop"] = list(sampling.stop)
        if sampling.ignore_eos:
            request["extra_body"] = {"ignore_eos": True}  # vLLM's
        return self._habits.apply(request)


def _read(chunk: "ChatCompletionChunk") -> tuple[str, Finish | None, str]:
    """Text, finish and thinking of a chunk. The client does not check the JSON that it hands on."""
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list):
        raise UpstreamFailed(
            f"The upstream sent a chunk that is no chat completion: {str(chunk)[:_WORDS]}. Check "
            "that the upstream's URL is that of an OpenAI-compatible API; it usually ends in /v1."
        )
    if not choices:  # the chunk with the usage
        return "", None, ""
    reason = choices[0].finish_reason
    if reason == "content_filter":
        raise Blocked("The upstream's content filter ended the answer. Ask in other words.")
    finish = _FINISHES.get(reason, "stop") if reason else None
    delta = choices[0].delta
    if not delta:
        return "", finish, ""
    thought = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None)
    return delta.content or "", finish, thought if isinstance(thought, str) else ""


def _last(finish: Finish, usage: "CompletionUsage | None") -> TextDelta:
    if usage is None:
        return TextDelta("", finish=finish)
    details = usage.prompt_tokens_details
    return TextDelta(
        "",
        tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(details.cached_tokens if details else 0) or 0,
        finish=finish,
    )


async def _chosen_model(client: openai.AsyncOpenAI) -> str:
    with _mapped(client, ""):
        models = await client.models.list()
    name, skipped = choice(models.data or ())
    passed_over = f" ({', '.join(skipped)})" if skipped else ""
    if not name:
        raise UpstreamFailed(
            f"The upstream {client.base_url} serves no model that chats{passed_over}. Load one "
            "there, or name it with --model."
        )
    log.info("%s answers: the first model of %s that chats%s", name, client.base_url, passed_over)
    return name


@contextmanager
def _mapped(client: openai.AsyncOpenAI, model: str) -> Iterator[None]:
    """Turns exceptions of the client, and of its decoder, into ours."""
    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error, str(client.base_url), model) from error
    except ValueError as error:
        raise UpstreamFailed(
            f"The upstream {client.base_url} sent a body that is no JSON ({error}). Check that its "
            "URL is that of an OpenAI-compatible API; it usually ends in /v1."
        ) from error


def translate(error: openai.OpenAIError, url: str, model: str) -> GlossatorError:
    """Our error for an exception of the client. Pure, and covers every ``OpenAIError``."""
    match error:
        case openai.APITimeoutError():
            return UpstreamFailed(
                f"The upstream {url} was silent for too long. It may be loading a model or be "
                "overloaded; ask again, or raise [generation] upstream_timeout_s."
            )
        case openai.APIConnectionError():
            return UpstreamFailed(
                f"The upstream {url} cannot be reached, or hung up ({error.__cause__ or error}). "
                "Start it, or correct [generation] upstream."
            )
        case openai.APIStatusError():
            return _of_status(error, url, model)
        case _:
            return UpstreamFailed(f"The upstream {url} failed: {_own_words(error)}. Ask again.")


def _of_status(error: openai.APIStatusError, url: str, model: str) -> GlossatorError:
    status, words = error.status_code, _own_words(error)
    said = f"The upstream {url} answered {status}: {words}."
    about = words.lower()
    if status == 429:
        return Overloaded(f"{said} Ask again later.", retry_after_ms=_retry_after_ms(error))
    if status in (401, 403):
        return UpstreamFailed(f"{said} Give it a key: GLOSSATOR_GENERATION__UPSTREAM_KEY.")
    if status == 404 and "model" in about:
        return UnknownModel(f"{said} {model!r} is not served there; name another with --model.")
    if status == 404:
        return UpstreamFailed(f"{said} Check [generation] upstream; it usually ends in /v1.")
    if status == 413 or (status == 400 and "context" in about):
        return TooLarge(f"{said} Select less code, or ask with less history.")
    return UpstreamFailed(f"{said} Its own log may say more; ask again.")


def _own_words(error: openai.OpenAIError) -> str:
    """The message in the common kinds of error body, or else the client's own message."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    return (str(body or error).strip() or type(error).__name__)[:_WORDS].rstrip(".")


def _retry_after_ms(error: openai.APIStatusError) -> float | None:
    """The seconds of RFC 9110. Its other form, a date, is ignored."""
    try:
        return float(error.response.headers["retry-after"]) * 1000
    except (KeyError, ValueError):
        return None
