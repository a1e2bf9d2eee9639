"""The transformers generator: its stop strings, its single turn, its failures."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import StartupFailed, Unavailable
from backend.generators.chat.stops import StopStrings
from backend.generators.transformers_pipeline import TransformersGenerator
from backend.ports import Message, Prompt, Sampling, TextDelta

PROMPT = Prompt((Message("user", "Why?"),))
LONG = Sampling(max_tokens=2000, ignore_eos=True)


@given(
    pieces=st.lists(st.text("abc", max_size=4), max_size=8),
    stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
)
def test_stop_strings_cut_the_same_however_the_text_is_split(
    pieces: list[str], stops: list[str]
) -> None:
    """What comes out of any split is the text before the stop string that is complete first."""
    scanner = StopStrings(stops)
    out = ""
    for piece in pieces:
        out += scanner.feed(piece)
        if scanner.found:
            break
    out += scanner.flush()
    whole = "".join(pieces)
    assert whole.startswith(out)
    assert not any(stop in out for stop in stops)
    assert scanner.found == any(stop in whole for stop in stops)
    assert scanner.found or out == whole


async def test_the_second_request_waits_for_the_first(tiny_model: Path, eventually: Any) -> None:
    generator = await TransformersGenerator.start(str(tiny_model))
    first = generator.stream(PROMPT, LONG, "first")
    await anext(first)
    waiting = generator.stream(PROMPT, LONG, "second")
    second = asyncio.ensure_future(anext(waiting))

    async def queued() -> bool:
        load = await generator.load()
        return (load.running, load.waiting) == (1, 1)

    await eventually(queued)
    await first.aclose()
    assert isinstance(await second, TextDelta)
    await generator.close()  # though the second reader is neither reading nor gone
    await waiting.aclose()


async def test_closing_ends_a_running_answer(tiny_model: Path) -> None:
    generator = await TransformersGenerator.start(str(tiny_model))
    deltas = generator.stream(PROMPT, LONG, "r")
    await anext(deltas)
    closing = asyncio.create_task(generator.close())
    with pytest.raises(Unavailable, match="closed"):
        [delta async for delta in deltas]
    await closing
    with pytest.raises(Unavailable, match="closed"):
        await generator.check()


async def test_no_half_character_is_shown(tiny_model: Path, monkeypatch: Any) -> None:
    """Characters of several tokens come whole, also where the limit of tokens cuts one."""
    generator = await TransformersGenerator.start(str(tiny_model))
    said = generator._tokenizer.encode("a🙂🙂 né 漢字🙂", add_special_tokens=False)

    def generate(*_: Any, streamer: Any, **__: Any) -> Any:
        import torch

        streamer.put(torch.tensor([[0]]))  # the prompt
        for token in said[:-1]:
            streamer.put(torch.tensor([token]))
        streamer.end()
        return torch.tensor([[0, *said[:-1]]])

    monkeypatch.setattr(generator._weights, "generate", generate)
    for stops in ((), ("🙂 never",)):
        sampling = Sampling(max_tokens=99, stop=stops)
        deltas = [delta async for delta in generator.stream(PROMPT, sampling, "r")]
        assert "".join(delta.text for delta in deltas) == "a🙂🙂 né 漢字"
    await generator.close()


async def test_sampling_with_a_temperature_answers_too(tiny_model: Path) -> None:
    generator = await TransformersGenerator.start(str(tiny_model))
    sampling = Sampling(max_tokens=5, temperature=0.9, ignore_eos=True)
    deltas = [delta async for delta in generator.stream(PROMPT, sampling, "r")]
    assert deltas[-1].tokens == 5
    await generator.close()


async def test_a_folder_without_a_model_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StartupFailed, match="Give a folder") as raised:
        await TransformersGenerator.start(str(tmp_path))
    assert "\n" not in raised.value.message
