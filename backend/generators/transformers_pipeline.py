"""Hugging Face transformers, one request at a time: the baseline of every measurement.

Only this module generates with transformers. It has no batching, no prefix cache and no scheduler,
on purpose.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from backend.errors import StartupFailed, TooLarge, Unavailable
from backend.generators.chat.stops import SpokenStops, StopStrings
from backend.generators.chat.template import ChatTemplate
from backend.ports import Finish, Load, Prompt, Sampling, TextDelta
from backend.protocol.wire import Usage

_HALF = "\ufffd"  # what a decoder writes for a part of a character


class TransformersGenerator:
    """Answers requests in the order in which they came. Made by ``start``."""

    def __init__(self, weights: Any, tokenizer: Any, model: str, *, thinking: bool = True) -> None:
        self.model = model
        self._weights = weights
        self._tokenizer = tokenizer
        self._template = ChatTemplate(tokenizer, model, thinking=thinking)
        self._context = int(weights.config.max_position_embeddings)
        self._turn = asyncio.Lock()
        self._generating: asyncio.Future[tuple[int, Finish]] | None = None
        self._unfinished = 0
        self._closed = threading.Event()
        self.fills = False  # the baseline answers questions only

    @classmethod
    async def start(cls, model: str, *, thinking: bool = True) -> "TransformersGenerator":
        """Loads ``model``, a local folder or a hub name. Raises ``StartupFailed``."""
        weights, tokenizer = await asyncio.to_thread(_load, model)
        return cls(weights, tokenizer, Path(model).name, thinking=thinking)

    async def stream(
        self, prompt: Prompt, sampling: Sampling, request_id: str
    ) -> AsyncGenerator[TextDelta]:
        """One delta per word. ``priority`` and ``cache_salt`` have no effect."""
        await self.check()
        inputs = await asyncio.to_thread(self._tokenize, prompt)
        length = int(inputs["input_ids"].shape[1])
        # The answer is worth more than passages: with fewer of them, a shorter prompt is made.
        least = min(sampling.max_tokens, self._context // 4) if prompt.passages else 1
        if self._context - length < least:
            raise TooLarge(
                f"The prompt has {length} tokens, but {self.model} takes {self._context} with "
                "the answer. Select less code, or ask with less history."
            )
        self._unfinished += 1
        try:
            async with self._turn, aclosing(self._answer(inputs, length, sampling)) as answer:
                async for delta in answer:
                    yield delta
        finally:
            self._unfinished -= 1

    async def warm(self, prompt: Prompt) -> Usage:
        """Does nothing: there is no prefix cache to warm."""
        return Usage()

    async def load(self) -> Load:
        running = int(self._turn.locked())
        return Load(running, max(0, self._unfinished - running))

    async def check(self) -> None:
        if self._closed.is_set():
            raise Unavailable(f"{self.model} was closed. Start the server again.")

    async def close(self) -> None:
        """Ends running answers with ``Unavailable``, and returns when the model is idle."""
        self._closed.set()
        # It does not wait for the turn, which a reader that neither reads nor closes never ends.
        if self._generating is not None:
            await asyncio.wait((self._generating,))
        self._weights = None

    def _tokenize(self, prompt: Prompt) -> Any:
        # The template has already written every special token.
        return self._tokenizer(
            self._template.text(prompt.messages),
            add_special_tokens=False,
            return_token_type_ids=False,
            return_tensors="pt",
        )

    async def _answer(
        self, inputs: Any, length: int, sampling: Sampling
    ) -> AsyncGenerator[TextDelta]:
        from transformers import AsyncTextIteratorStreamer

        await self.check()
        limit = min(sampling.max_tokens, self._context - length)
        streamer = AsyncTextIteratorStreamer(
            self._tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        thinks = self._template.may_think
        stops = SpokenStops(sampling.stop) if thinks else StopStrings(sampling.stop)
        aborted = threading.Event()
        self._generating = generating = asyncio.ensure_future(
            asyncio.to_thread(self._generate, inputs, limit, sampling, streamer, aborted)
        )
        try:
            opened, half = self._template.thinks, ""
            async for piece in streamer:
                whole = (half + piece).rstrip(_HALF)
                half = (half + piece)[len(whole) :]
                text = stops.feed(opened + whole)
                opened = ""
                if stops.found:
                    aborted.set()
                    break
                if text:
                    yield TextDelta(text)
            tokens, finish = await generating
        finally:
            # The turn of the next request must not begin before this thread has left the model.
            aborted.set()
            await asyncio.wait((generating,))
        if not stops.found:
            await self.check()
            text = stops.flush()
        yield TextDelta(
            text, tokens=tokens, prompt_tokens=length, finish="stop" if stops.found else finish
        )

    def _generate(
        self,
        inputs: Any,
        limit: int,
        sampling: Sampling,
        streamer: Any,
        aborted: threading.Event,
    ) -> tuple[int, Finish]:
        """Runs in a thread until done or ``aborted``. Returns the token count and why it ended."""
        import torch
        from transformers import StoppingCriteriaList

        def stopped(input_ids: Any, _scores: Any, **_: Any) -> Any:
            stop = aborted.is_set() or self._closed.is_set()
            return torch.full((input_ids.shape[0],), stop, device=input_ids.device)

        chosen: dict[str, Any] = {"do_sample": sampling.temperature > 0}
        if sampling.temperature > 0:
            chosen["temperature"] = sampling.temperature
        if sampling.ignore_eos:
            chosen["min_new_tokens"] = limit
        try:
            output = self._weights.generate(
                **inputs,
                **chosen,
                max_new_tokens=limit,
                streamer=streamer,
                stopping_criteria=StoppingCriteriaList([stopped]),
            )
        except (RuntimeError, ValueError) as error:
            streamer.end()  # else its reader would wait for ever
            raise Unavailable(f"transformers failed: {error}. Ask again.") from error
        answer = output[0][inputs["input_ids"].shape[1] :].tolist()
        ends = self._weights.generation_config.eos_token_id
        at_end = answer and answer[-1] in (ends if isinstance(ends, list) else [ends])
        return len(answer), "length" if len(answer) >= limit and not at_end else "stop"


def _load(model: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer, logging

        logging.disable_progress_bar()
        source = str(Path(model).expanduser())
        tokenizer = AutoTokenizer.from_pretrained(source)
        weights = AutoModelForCausalLM.from_pretrained(source, dtype="auto").eval()
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise StartupFailed(
            f"transformers cannot load {model!r}: {reason} Give a folder in Hugging Face format, "
            "or a hub name that this machine can reach."
        ) from error
    if not tokenizer.chat_template:
        raise StartupFailed(f"{model} has no chat template. Serve an instruct or chat model.")
    return weights, tokenizer
