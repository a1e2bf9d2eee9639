"""The vLLM generator, on a real engine: what the common contract does not ask for."""

import asyncio
import json
import multiprocessing
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from backend.errors import StartupFailed, TooLarge, Unavailable
from backend.generators.vllm.engine import UNPACED_TOKENS, VllmGenerator
from backend.generators.vllm.startup import engine_args
from backend.generators.vllm.tokenizing import Tokenizing
from backend.ports import Gap, Message, Prompt, Sampling, TextDelta
from backend.settings import Vllm

CONTEXT = 4096
ONE = Sampling(max_tokens=1)
HALF = "\ufffd"
LONG = Sampling(max_tokens=3000, ignore_eos=True)


def prompt(text: str, cache_salt: str = "") -> Prompt:
    return Prompt((Message("user", text),), cache_salt=cache_salt)


async def read(
    generator: VllmGenerator, asked: Prompt, sampling: Sampling, request_id: str = "r"
) -> list[TextDelta]:
    return [delta async for delta in generator.stream(asked, sampling, request_id)]


@pytest.fixture
def patient(vllm_generator: VllmGenerator) -> VllmGenerator:
    """The same engine, read by someone who would gather deltas for a minute."""
    return VllmGenerator(vllm_generator._engine, vllm_generator._steps, "tiny", coalesce_ms=60_000)


@pytest_asyncio.fixture
async def own_engine(tiny_model: Path) -> AsyncIterator[VllmGenerator]:
    """An engine that a test may break."""
    generator = await VllmGenerator.start(str(tiny_model), Vllm(cpu_threads=1))
    yield generator
    await generator.close()


@pytest.mark.engine
@pytest.mark.parametrize("stop", [(), ("🙂 never",)], ids=["free", "with a stop string"])
async def test_no_delta_ends_within_a_character(
    vllm_generator: VllmGenerator, stop: tuple[str, ...]
) -> None:
    """Every delta is a piece of the text of all tokens, also where the limit cuts a character."""
    hot = Sampling(max_tokens=60, temperature=1.5, ignore_eos=True, stop=stop)
    split = 0
    for seed in range(12):
        unpaced = VllmGenerator(vllm_generator._engine, vllm_generator._steps, "tiny", 0.0)
        deltas = await read(unpaced, prompt("🙂🙂"), replace(hot, seed=seed))
        ids = [token for delta in deltas for token in delta.ids]
        whole = unpaced._tokenizing.text(ids)
        assert whole.rstrip(HALF).startswith("".join(delta.text for delta in deltas).rstrip(HALF))
        assert all(
            not delta.text.endswith(HALF) or HALF in whole.rstrip(HALF) for delta in deltas[:-1]
        )
        split += any(not delta.text for delta in deltas[:-1])
    assert split  # some token was only a part of a character


@pytest.mark.engine
async def test_stop_strings_are_not_searched_in_the_thinking_that_a_template_opens(
    vllm_generator: VllmGenerator, tiny_model: Path
) -> None:
    """The tag is written, so that readers see it, and the engine goes on past the stop string."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.chat_template += "<think>"
    thinking = VllmGenerator(vllm_generator._engine, vllm_generator._steps, "tiny", 20.0)
    thinking._tokenizing = Tokenizing(tokenizer, "tiny", CONTEXT)
    sampling = Sampling(max_tokens=20, ignore_eos=True)
    free = await read(thinking, prompt("Why?"), sampling)
    text = "".join(delta.text for delta in free)
    assert text.startswith("<think>")
    stopped = await read(thinking, prompt("Why?"), replace(sampling, stop=(text[8:10],)))
    assert "".join(delta.text for delta in stopped) == text
    assert stopped[-1].finish == "length"
    assert sum(delta.tokens for delta in stopped) == 20


@pytest.mark.engine
async def test_the_first_tokens_leave_at_once_and_the_last_when_the_answer_ends(
    patient: VllmGenerator,
) -> None:
    """With a minute to gather, all but the first tokens come as one delta, and within seconds."""
    async with asyncio.timeout(45):
        deltas = await read(patient, prompt("Why?"), Sampling(max_tokens=40, ignore_eos=True))
    *first, last = (delta.tokens for delta in deltas)
    assert sum(first[:-1]) < UNPACED_TOKENS <= sum(first) < 20
    assert sum(first) + last == 40


@pytest.mark.engine
async def test_cancelling_while_deltas_gather_aborts(
    patient: VllmGenerator, eventually: Any
) -> None:
    deltas = patient.stream(prompt("Go on."), LONG, "r")
    seen = 0
    while seen < UNPACED_TOKENS:
        seen += (await anext(deltas)).tokens
    gathering = asyncio.ensure_future(anext(deltas))
    await asyncio.sleep(0)
    gathering.cancel()
    await asyncio.gather(gathering, return_exceptions=True)

    async def aborted() -> bool:
        return (await patient.load()).running == 0

    await eventually(aborted)


@pytest.mark.engine
async def test_an_aborted_answer_is_gone_after_the_step_under_way(
    vllm_generator: VllmGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by the scheduler, step by step, while another answer keeps the engine going."""
    steps = vllm_generator._steps
    record, running = steps.record, list[int]()

    def counting(*told: Any, **stats: Any) -> None:
        record(*told, **stats)
        running.append(steps.running)

    other = vllm_generator.stream(prompt("Go on."), LONG, "other")
    async with aclosing(other):
        await anext(other)
        async with aclosing(vllm_generator.stream(prompt("Stop."), LONG, "aborted")) as deltas:
            await anext(deltas)
            assert steps.running == 2
        monkeypatch.setattr(steps, "record", counting)
        while len(running) < 10:
            await anext(other)
    # One step may have been under way, and the next scheduled, before the abort came.
    assert running[2:] == [1] * len(running[2:])


async def test_a_warm_prompt_is_found_in_the_prefix_cache(vllm_generator: VllmGenerator) -> None:
    asked = prompt("A prefix that nobody asked before. " * 60)
    await vllm_generator.warm(asked)
    last = (await read(vllm_generator, asked, ONE))[-1]
    assert last.cached_tokens > last.prompt_tokens / 2


@pytest.mark.engine
async def test_a_cache_salt_keeps_prefixes_apart(vllm_generator: VllmGenerator) -> None:
    """One tenant's prompt is not in another's cache, and is in its own."""
    text = "A prefix that two tenants share. " * 60
    await vllm_generator.warm(prompt(text, cache_salt="one"))
    theirs = (await read(vllm_generator, prompt(text, cache_salt="two"), ONE))[-1]
    own = (await read(vllm_generator, prompt(text, cache_salt="one"), ONE))[-1]
    assert (theirs.cached_tokens, own.cached_tokens > 0) == (0, True)


@pytest.mark.engine
async def test_an_answer_ends_where_the_context_does(vllm_generator: VllmGenerator) -> None:
    """A prompt that leaves less room than ``max_tokens`` is answered as far as it goes."""
    deltas = await read(vllm_generator, prompt("x " * 4000), LONG)
    assert sum(delta.tokens for delta in deltas) == CONTEXT - deltas[-1].prompt_tokens < 3000
    assert deltas[-1].finish == "length"


@pytest.mark.engine
async def test_a_prompt_too_long_to_answer_is_not_warmed(vllm_generator: VllmGenerator) -> None:
    await vllm_generator.warm(prompt("x " * 9000))
    assert (await vllm_generator.load()).running == 0


async def test_requests_of_one_id_are_aborted_one_by_one(vllm_generator: VllmGenerator) -> None:
    """Ids are the clients'; closing one request leaves its namesake alone."""
    whole = asyncio.create_task(
        read(vllm_generator, prompt("Why?"), Sampling(max_tokens=200, ignore_eos=True), "same")
    )
    async with aclosing(vllm_generator.stream(prompt("Go on."), LONG, "same")) as deltas:
        await anext(deltas)
    assert sum(delta.tokens for delta in await whole) == 200


@pytest.mark.engine
async def test_more_requests_than_places_wait_in_the_engine(
    vllm_generator: VllmGenerator, eventually: Any
) -> None:
    """64 run together, as the setting says; the others count as waiting."""
    asked = [
        asyncio.create_task(read(vllm_generator, prompt(f"Go on {n}."), LONG)) for n in range(70)
    ]

    async def full() -> bool:
        load = await vllm_generator.load()
        return (load.running, load.waiting) == (64, 6) and load.kv_use > 0

    await eventually(full)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)

    async def empty() -> bool:
        load = await vllm_generator.load()
        return (load.running, load.waiting) == (0, 0)

    await eventually(empty)


@pytest.mark.engine
async def test_a_dead_engine_is_said_so_and_does_not_hang(tiny_model: Path) -> None:
    """An answer under way, the next one, and the health check all get ``Unavailable``."""
    before = set(multiprocessing.active_children())
    generator = await VllmGenerator.start(str(tiny_model), Vllm(cpu_threads=1))
    (engine,) = set(multiprocessing.active_children()) - before
    deltas = generator.stream(prompt("Go on."), LONG, "r")
    await anext(deltas)
    engine.kill()
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable, match="died"):
            [delta async for delta in deltas]
        with pytest.raises(Unavailable, match="died"):
            await read(generator, prompt("Why?"), ONE)
        with pytest.raises(Unavailable, match="died"):
            await generator.check()
        await generator.close()


@pytest.mark.engine
async def test_closing_ends_running_answers_and_the_engines_process(
    own_engine: VllmGenerator, eventually: Callable[..., Awaitable[None]]
) -> None:
    children = set(multiprocessing.active_children())
    deltas = own_engine.stream(prompt("Go on."), LONG, "r")
    await anext(deltas)
    await own_engine.close()
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable):
            [delta async for delta in deltas]
    with pytest.raises(Unavailable, match="closed"):
        await own_engine.check()

    async def ended() -> bool:  # a busy machine reaps it a little later
        return len(children - set(multiprocessing.active_children())) == 1

    await eventually(ended)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("", "--model"),
        ("/no/such/folder", "no model folder '/no/such/folder'"),
        ("./none", r"hub name such as"),
        (str(Path(__file__).parent), "has no config.json"),
    ],
)
async def test_a_folder_that_is_no_model_is_told_before_anything_loads(
    model: str, words: str
) -> None:
    with pytest.raises(StartupFailed, match=words):
        await VllmGenerator.start(model, Vllm())


@pytest.mark.engine
async def test_a_model_that_vllm_refuses_fails_in_one_sentence(
    tiny_model: Path, tmp_path: Path
) -> None:
    """The reason is vLLM's own, without its traceback."""
    broken = shutil.copytree(tiny_model, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"model_type": "never-heard-of"}))
    with pytest.raises(StartupFailed, match="never-heard-of") as raised:
        await VllmGenerator.start(str(broken), Vllm())
    assert "\n" not in raised.value.message


@pytest.mark.engine
async def test_a_context_longer_than_the_models_is_refused(tiny_model: Path) -> None:
    with pytest.raises(StartupFailed, match="999999"):
        await VllmGenerator.start(str(tiny_model), Vllm(max_model_len=999_999))


@pytest.mark.engine
def test_every_setting_reaches_vllm(tiny_model: Path) -> None:
    """Each value that differs from the default is found where vLLM looks for it."""
    tuned = Vllm(
        dtype="float16", quantization="fp8", load_format="dummy", tensor_parallel=2,
        max_model_len=1000, max_num_seqs=3, max_num_batched_tokens=99, chunked_prefill="off",
        scheduling="fcfs", gpu_memory_utilization=0.5, kv_cache_gib=1.5, kv_cache_dtype="fp8",
        ngram_tokens=4, ngram_match=2, enforce_eager=False,
    )  # fmt: skip
    arguments = engine_args(str(tiny_model), tuned)
    assert arguments.speculative_config == {
        "method": "ngram", "num_speculative_tokens": 4,
        "prompt_lookup_min": 2, "prompt_lookup_max": 2,
    }  # fmt: skip
    reached = {
        name: getattr(arguments, name)
        for name in (
            "dtype", "quantization", "load_format", "tensor_parallel_size", "max_model_len",
            "max_num_seqs", "max_num_batched_tokens", "enable_chunked_prefill",
            "scheduling_policy", "gpu_memory_utilization", "kv_cache_memory_bytes",
            "kv_cache_dtype", "enforce_eager",
        )
    }  # fmt: skip
    assert reached == {
        "dtype": "float16", "quantization": "fp8", "load_format": "dummy",
        "tensor_parallel_size": 2, "max_model_len": 1000, "max_num_seqs": 3,
        "max_num_batched_tokens": 99, "enable_chunked_prefill": False,
        "scheduling_policy": "fcfs", "gpu_memory_utilization": 0.5,
        "kv_cache_memory_bytes": 3 * 2**29, "kv_cache_dtype": "fp8", "enforce_eager": False,
    }  # fmt: skip


@pytest.mark.engine
def test_what_is_left_at_its_default_is_left_to_vllm(tiny_model: Path) -> None:
    arguments = engine_args(str(tiny_model), Vllm())
    assert arguments.speculative_config is None
    assert arguments.quantization is None
    assert arguments.kv_cache_memory_bytes is None
    assert arguments.enable_chunked_prefill is None


async def test_a_gap_in_code_is_filled_by_the_models_own_tokens(
    vllm_generator: VllmGenerator,
) -> None:
    """The prompt is prefix, suffix and three special tokens; no chat template surrounds them."""
    assert vllm_generator.fills
    gap = Gap("def add(a, b):\n    return ", "\n")
    stream = vllm_generator.stream(Prompt((), gap=gap), Sampling(max_tokens=8), "gap")
    deltas = [delta async for delta in stream]
    assert deltas[-1].finish in ("stop", "length")
    assert 5 < deltas[-1].prompt_tokens < 20


async def test_around_a_cursor_in_a_long_file_what_is_near_is_read(
    vllm_generator: VllmGenerator,
) -> None:
    """A megabyte is cut to what the model takes with the answer, and is not refused."""
    gap = Gap("value = 1\n" * 50_000, "value = 2\n" * 50_000)
    stream = vllm_generator.stream(Prompt((), gap=gap), Sampling(max_tokens=8), "long gap")
    deltas = [delta async for delta in stream]
    assert deltas[-1].finish in ("stop", "length")
    assert deltas[-1].prompt_tokens > 1000


async def test_of_a_prompt_that_cannot_fit_only_a_beginning_is_tokenized(
    vllm_generator: VllmGenerator,
) -> None:
    """A megabyte would take a second and fifty megabytes, before it is refused all the same."""
    long = Prompt((Message("user", "\U0001f468\u200d" * 130_000),))
    with pytest.raises(TooLarge) as refused:
        await anext(vllm_generator.stream(long, Sampling(), "long"))
    counted = re.search(r"at least (\d+) tokens", refused.value.message)
    assert counted is not None
    assert 4096 < int(counted[1]) < 200_000  # of 900,000
