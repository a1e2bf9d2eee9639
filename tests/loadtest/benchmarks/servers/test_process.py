"""Real processes, and their end."""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from loadtest.benchmarks.servers.process import Child, ProcessFailed, finished, running

# Leaves when it is asked to, and its child behind.
FAMILY = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep(600)
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


async def grandchild(child: Child) -> int:
    async def look() -> int | None:
        found = re.search(r"child (\d+)", child.log())
        return int(found[1]) if found else None

    return await child.until(look)


async def test_a_process_ends_with_its_block_and_what_it_started_too(
    tmp_path: Path, eventually: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
) -> None:
    async with running("family", python(FAMILY), tmp_path, {}) as child:
        pids = [child.process.pid, await grandchild(child)]

    async def gone() -> bool:
        return not any(alive(pid) for pid in pids)

    await eventually(gone)


async def test_cancelling_the_block_ends_the_process(tmp_path: Path) -> None:
    started = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with running("held", python("import time; time.sleep(600)"), tmp_path, {}) as child:
            started.set_result(child.process)
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    process = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert process.returncode is not None


async def test_a_process_that_dies_at_its_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    async with running("fragile", python("raise SystemExit('no luck')"), tmp_path, {}) as child:

        async def never() -> None:
            return None

        with pytest.raises(ProcessFailed, match=r"(?s)fragile ended with exit code 1.*no luck"):
            await child.until(never)


async def test_the_environment_is_the_callers_and_more(tmp_path: Path) -> None:
    code = "import os; assert os.environ['PATH'] and os.environ['GIVEN'] == 'yes'"
    await finished("environment", python(code), tmp_path, {"GIVEN": "yes"})
    assert "GIVEN" not in os.environ


async def test_a_command_that_fails_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match="exit code 3"):
        await finished("command", python("raise SystemExit(3)"), tmp_path, {})
