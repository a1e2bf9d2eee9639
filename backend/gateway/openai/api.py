"""``/v1/chat/completions`` and ``/v1/models``: the same pipeline for any OpenAI client.

Shapes follow the OpenAI API reference (chat completions, models, errors). The last user message
is the question, system messages are the caller's instructions, and the rest is the conversation.
Citations, and other things that a user should know about an answer, come in the extra fields
``citations`` and ``notices``, which OpenAI clients pass through.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from msgspec import Struct
from starlette.requests import ClientDisconnect

from backend.answering.answer import Answer, Answers
from backend.answering.pipeline import Pipeline
from backend.errors import STATUS, BadFrame, GlossatorError, TooLarge, clipped
from backend.gateway.openai.shapes import (
    ChatCompletion,
    ChatRequest,
    Choice,
    ErrorBody,
    ErrorDetail,
    Model,
    Models,
    Reply,
    TokenUsage,
)
from backend.gateway.openapi import returns, takes
from backend.identity.door import Door
from backend.protocol.wire import (
    AnswerFrame,
    Citation,
    Citations,
    Delta,
    Failed,
    Finished,
    FinishReason,
    Notice,
    Thinking,
    Usage,
    supporting,
)
from backend.settings import Server

LATE = "The search took too long; this answer has no sources."
_T = TypeVar("_T")
STRUCTS = (ChatRequest, ChatCompletion, Models, ErrorBody)  # of the OpenAPI document
_REFUSALS = sorted(set(STATUS.values()))
_FINISH: dict[FinishReason, str] = {
    "stop": "stop",
    "length": "length",
    "blocked": "content_filter",
    "cancelled": "stop",
}


def router(
    settings: Server,
    pipeline: Pipeline,
    answers: Answers,
    door: Door,
) -> APIRouter:
    """The two routes, over the gateway's pipeline and answers."""
    routes = APIRouter(prefix="/v1")

    @routes.get("/models", responses=returns(Models, 401, 403, error=ErrorBody))
    async def models(request: Request) -> Response:
        await door.admit(request)
        return _json(Models((Model(pipeline.model),)))

    @routes.post(
        "/chat/completions",
        responses=returns(ChatCompletion, *_REFUSALS, error=ErrorBody, streams=True),
        openapi_extra=takes(ChatRequest),
    )
    async def chat_completions(request: Request) -> Response:
        caller = await door.admit(request)
        asked = _decode(await _body(request, settings.max_frame_bytes))
        guest = f"{_origin(request)}/{asked.user or ''}"
        answer = answers.start(
            asked.ask(request.headers.get("traceparent", "")), caller.or_guest(guest)
        )
        try:
            early = await _until_first_delta(request, answer)
        except BaseException:
            answers.forget(answer)
            raise
        if isinstance(early[-1], Failed):
            answers.forget(answer)
            return _failed_response(early[-1])
        completion = _Completion(answer.id, pipeline.model, early)
        if asked.stream:
            with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
            return StreamingResponse(
                _stream(answers, answer, completion, with_usage), media_type="text/event-stream"
            )
        try:
            frames = await _while_connected(request, _whole(answer))
        finally:
            answers.forget(answer)
        if isinstance(frames[-1], Failed):
            return _failed_response(frames[-1])
        return _json(completion.whole(frames))

    return routes


class _Completion:
    """The fields that a whole completion and the chunks of a streamed one share."""

    def __init__(self, request_id: str, model: str, early: Sequence[AnswerFrame]) -> None:
        self._id, self._created, self._model = request_id, int(time.time()), model
        self._citations = _citations(early)
        self._notices = _notices(early)

    def whole(self, frames: Sequence[AnswerFrame]) -> ChatCompletion:
        last = frames[-1]
        assert isinstance(last, Finished)
        text = "".join(frame.text for frame in frames if isinstance(frame, Delta))
        return ChatCompletion(
            self._id,
            self._created,
            self._model,
            (Choice(Reply(text), _FINISH[last.reason]),),
            TokenUsage.of(last.usage),
            supporting(self._citations, last),
            _notices(frames),
        )

    def chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return self._chunk(choices=[choice])

    def first(self) -> dict[str, Any]:
        said = {"citations": self._citations, "notices": self._notices}
        return self.chunk({"role": "assistant", "content": ""}) | said

    def notice(self, message: str) -> dict[str, Any]:
        return self.chunk({}) | {"notices": (message,)}

    def usage(self, usage: Usage) -> dict[str, Any]:
        return self._chunk(choices=[], usage=TokenUsage.of(usage))

    def _chunk(self, **fields: Any) -> dict[str, Any]:
        head = {"id": self._id, "created": self._created, "model": self._model}
        return head | {"object": "chat.completion.chunk"} | fields


async def _stream(
    answers: Answers, answer: Answer, completion: _Completion, with_usage: bool
) -> AsyncIterator[bytes]:
    """Server-sent events. A client that leaves closes this iterator, which aborts the answer."""
    begun = False
    try:
        yield _event(completion.first())
        async for frame in answer.read():
            match frame:
                case Thinking():
                    begun = True
                case Delta(text=text):
                    begun = True
                    yield _event(completion.chunk({"content": text}))
                case Notice(message=message) if begun:  # the first chunk had the earlier ones
                    yield _event(completion.notice(message))
                case Failed():
                    yield _event(_error(frame.code, frame.message))
                case Finished(reason=reason, usage=usage, cited=cited):
                    yield _event(completion.chunk({}, _FINISH[reason]) | {"cited": cited})
                    if with_usage:
                        yield _event(completion.usage(usage))
        yield b"data: [DONE]\n\n"
    finally:
        answers.forget(answer)


async def _until_first_delta(request: Request, answer: Answer) -> list[AnswerFrame]:
    """The frames before the answer's text, which decide the HTTP status."""

    async def read() -> list[AnswerFrame]:
        frames: list[AnswerFrame] = []
        async for frame in answer.read():
            frames.append(frame)
            if isinstance(frame, Delta | Thinking):
                break
        return frames

    return await _while_connected(request, read())


async def _whole(answer: Answer) -> list[AnswerFrame]:
    return [frame async for frame in answer.read()]


async def _while_connected(request: Request, work: Coroutine[None, None, _T]) -> _T:
    """Runs ``work``, and cancels it when the client hangs up, which FastAPI does not do."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        working.cancel()
        watching.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(
                f"The request is larger than {limit} bytes. Send less, or raise max_frame_bytes "
                "in [server] of the backend's settings."
            )
    return bytes(body)


def _decode(body: bytes) -> ChatRequest:
    try:
        return msgspec.json.decode(body, type=ChatRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"Not a chat completion request: {clipped(error)}.") from None


def _origin(request: Request) -> str:
    """What tells guests apart: a digest of the key that they send, or else their address."""
    key = request.headers.get("authorization", "")
    if key:
        return hashlib.sha256(key.encode()).hexdigest()
    return request.client.host if request.client else ""


def _citations(frames: Sequence[AnswerFrame]) -> tuple[Citation, ...]:
    return next((frame.citations for frame in frames if isinstance(frame, Citations)), ())


def _notices(frames: Sequence[AnswerFrame]) -> tuple[str, ...]:
    late = any(isinstance(frame, Citations) and frame.late for frame in frames)
    told = tuple(frame.message for frame in frames if isinstance(frame, Notice))
    return (*told, LATE) if late else told


def _error(code: str, message: str) -> ErrorBody:
    return ErrorBody(ErrorDetail(message, type=code, code=code))


def error_response(error: GlossatorError) -> Response:
    """The error as an OpenAI client expects it.

    It has ``Retry-After`` in whole seconds (RFC 9110), and ``retry-after-ms``, which OpenAI's own
    clients prefer.
    """
    response = _refusal(error.status, error.code, error.message, error.retry_after_ms)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, section 11.6.1
    return response


def _failed_response(failed: Failed) -> Response:
    return _refusal(STATUS[failed.code], failed.code, failed.message, failed.retry_after_ms)


def _refusal(status: int, code: str, message: str, retry_after_ms: float | None) -> Response:
    response = _json(_error(code, message), status)
    if retry_after_ms is not None:
        response.headers["Retry-After"] = str(math.ceil(retry_after_ms / 1000))
        response.headers["retry-after-ms"] = str(math.ceil(retry_after_ms))
    return response


def _json(content: Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _event(content: Struct | dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(content) + b"\n\n"
