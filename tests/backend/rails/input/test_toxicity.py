"""The toxicity rail on real detoxify code: windows, batches, cache, and life without weights."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from backend.errors import Unavailable
from backend.rails.input.toxicity import ToxicityRail
from backend.rails.input.toxicity_model import LIMIT, OVERLAP, ToxicityModel
from backend.settings import ToxicityRail as Settings
from loadtest.benchmarks.models.tiny_toxicity import Checkpoint

INSULT = "you are a stupid idiot"
ORDINARY = "how do i sort an array"
LONG = "please show me an example of the transform with real input "


@pytest.fixture
async def rail(toxicity_checkpoint: Checkpoint) -> AsyncIterator[ToxicityRail]:
    made = ToxicityRail(
        Settings(model=str(toxicity_checkpoint.file), model_config=str(toxicity_checkpoint.config))
    )
    assert await made.ready(60) == ""
    yield made
    await made.close()


async def test_toxic_texts_are_found_and_named(rail: ToxicityRail) -> None:
    """In the order of the texts; an empty one and one of strange characters are no trouble."""
    texts = [ORDINARY, INSULT, "i will hurt you", "", "\ud800 \u200b", "this is bullshit"]
    found = await rail.check(texts)
    assert [[span.kind for span in spans] for spans in found] == [
        [], ["toxicity: insult"], ["toxicity: threat"], [], [], ["toxicity: obscene"],
    ]  # fmt: skip
    (span,) = found[1]
    assert (span.start, span.end) == (0, len(INSULT))


@pytest.mark.parametrize("before", [0, 20, 47, 48, 60, 100])
async def test_a_long_text_is_judged_whole(rail: ToxicityRail, before: int) -> None:
    """Wherever the insult stands; the span is that of its window, not of the whole text."""
    text = f"{LONG * before}{INSULT} {LONG * 100}"
    (spans,) = await rail.check([text])
    assert spans
    for span in spans:
        assert "stupid" in text[span.start : span.end]
    assert sum(span.end - span.start for span in spans) < len(text) / 2


async def test_windows_cover_every_token_once_and_overlap(toxicity_checkpoint: Checkpoint) -> None:
    model = ToxicityModel.load(
        str(toxicity_checkpoint.file), str(toxicity_checkpoint.config), "cpu"
    )
    text = LONG * 200
    windows = model.windows(text)
    assert (windows[0].start, windows[-1].end) == (0, len(text.rstrip()))
    assert all(len(window.tokens) <= LIMIT for window in windows)
    for one, next_one in pairwise(windows):
        shared = model.windows(text[next_one.start : one.end])
        assert sum(len(window.tokens) - 2 for window in shared) == OVERLAP


async def test_concurrent_requests_share_passes(
    rail: ToxicityRail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen questions at once and a long text: a few passes, each of texts of like length."""
    model = rail._model
    assert model is not None
    lengths: list[list[int]] = []
    scores = model.scores

    def counted(windows):  # type: ignore[no-untyped-def]
        lengths.append([len(window.tokens) for window in windows])
        return scores(windows)

    monkeypatch.setattr(model, "scores", counted)
    texts = [f"{ORDINARY} {number}" for number in range(16)]
    results = await asyncio.gather(*(rail.check([text]) for text in [*texts, LONG * 100]))
    assert results == [[()]] * 17
    assert sum(map(len, lengths)) == 16 + len(model.windows(LONG * 100))
    assert len(lengths) <= 5
    assert all(max(batch) <= 2 * min(batch) for batch in lengths)
    lengths.clear()
    await rail.check(texts)
    assert lengths == []  # what is unchanged is remembered


async def test_the_event_loop_goes_on_meanwhile(rail: ToxicityRail) -> None:
    """A text that takes a while on its thread blocks the loop for less than it takes."""
    longest = 0.0
    done = asyncio.Event()

    async def tick() -> None:
        nonlocal longest
        while not done.is_set():
            started = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - started)

    ticking = asyncio.create_task(tick())
    started = time.monotonic()
    await rail.check([f"{LONG * 2000} {time.monotonic()}"])
    took = time.monotonic() - started
    done.set()
    await ticking
    assert longest < took / 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(model="/nowhere/toxic.ckpt"), "no checkpoint /nowhere/toxic.ckpt"),
        (Settings(model="original", model_config="/nowhere"), "no folder /nowhere"),
        (Settings(model="original"), "HF_HUB_OFFLINE forbids a download"),
    ],
)
async def test_without_weights_it_is_degraded_within_seconds(
    settings: Settings, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It says so and what to do, and pretends nothing."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rail = ToxicityRail(settings)
    state = await rail.ready(5)
    assert state.startswith("no detoxify weights")
    assert says in state
    assert "rails.toxicity.model" in state
    with pytest.raises(Unavailable, match="no detoxify weights"):
        await rail.check([INSULT])
    await rail.close()


async def test_a_network_that_swallows_everything_does_not_hang_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("backend.rails.input.toxicity_model._HOSTS", ("host.invalid",))
    rail = ToxicityRail(Settings(model="unbiased"))
    assert "host.invalid does not answer" in await rail.ready(10)
    await rail.close()


async def test_a_broken_checkpoint_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"no checkpoint")
    rail = ToxicityRail(Settings(model=str(tmp_path / "x.ckpt")))
    assert "detoxify could not load" in await rail.ready(60)
    await rail.close()


async def test_while_it_loads_it_says_so_and_nobody_waits(toxicity_checkpoint: Checkpoint) -> None:
    """The first check begins the load and fails at once; a later one succeeds."""
    rail = ToxicityRail(
        Settings(model=str(toxicity_checkpoint.file), model_config=str(toxicity_checkpoint.config))
    )
    with pytest.raises(Unavailable, match="loading"):
        await rail.check([INSULT])
    assert await rail.ready(60) == ""
    assert (await rail.check([INSULT]))[0]
    await rail.close()


def test_importing_the_rail_imports_no_model_library() -> None:
    code = (
        "import sys, backend.rails.input.toxicity, backend.rails.output.sentences; "
        "print([m for m in ('torch', 'detoxify', 'transformers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
