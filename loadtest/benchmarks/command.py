"""How a measuring command runs and ends: with everything it started stopped, whatever happens."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from loadtest.benchmarks.drivers.turns import Unfair
from loadtest.benchmarks.drivers.users import AnswerFailed
from loadtest.benchmarks.servers.process import ProcessFailed


def run(name: str, work: Callable[[Path], Awaitable[str]]) -> None:
    """Prints what ``work`` makes of an empty folder of its own. Errors end the program."""
    try:
        print(uvloop.run(_until_signalled(name, work)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Stopped; so are all servers.")
    except (ProcessFailed, AnswerFailed, Unfair, OSError) as error:
        sys.exit(f"{name}: {error}")
    except BaseExceptionGroup as group:
        # A pass fails with all users at once, mostly for one reason.
        sys.exit(f"{name}: {group.exceptions[0]}")


async def _until_signalled(name: str, work: Callable[[Path], Awaitable[str]]) -> str:
    """A SIGTERM ends it as Ctrl-C does: every server is stopped first."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix=f"glossator-{name}-") as folder:
        return await work(Path(folder))
