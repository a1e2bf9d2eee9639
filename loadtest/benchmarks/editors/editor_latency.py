"""What plugin and language server add between Enter in the chat and the first painted character.

The editors, the plugins and the language server are real. Behind them is a backend on a real
websocket, whose generator takes a known time to its first token. The rest of the time between the
key and the character belongs to plugin, language server and the websocket's hop.
`make bench-editors` first fetches what is missing::

    python -m loadtest.benchmarks.editors.editor_latency [--editor neovim | vscode]
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.benchmarks.command import Study
from loadtest.benchmarks.editors import browser, neovim, vscode
from loadtest.benchmarks.editors.code_server import code_server
from loadtest.experiments.machine import describe
from loadtest.experiments.markdown import table
from loadtest.experiments.quantile import quantile

EDITORS = ("neovim", "vscode")


def of_neovim(shares: Sequence[tuple[float, float]]) -> dict[str, list[float]]:
    outward, back = map(list, zip(*shares, strict=True))
    return {
        "Neovim: Enter → the question at the backend": outward,
        "Neovim: first token → painted": back,
        "**Neovim: both**": [sum(share) for share in shares],
    }


def of_vscode(shares: Sequence[vscode.Share]) -> dict[str, list[float]]:
    return {
        "VS Code: Enter → the question at the backend": [each.outward for each in shares],
        "VS Code: first token → in the chat's page": [each.back for each in shares],
        "VS Code: both": [each.outward + each.back for each in shares],
        "of that: a key's empty message to the extension and back": [each.echo for each in shares],
        "**VS Code: both, without that**": [each.ours for each in shares],
        "VS Code: in the page → the frame that shows it": [each.frame for each in shares],
    }


def report(rows: Mapping[str, Sequence[float]], ttft_ms: float, rounds: int) -> str:
    machine = describe()
    head = (
        f"Enter in the chat to the first character, without the {ttft_ms:g} ms that the generator\n"
        f"takes; {rounds} questions. {machine.cpu}, {machine.cores} cores."
    )
    figures = [
        [name, f"{quantile(values, 0.5):.1f}", f"{quantile(values, 0.95):.1f}"]
        for name, values in rows.items()
    ]
    return f"{head}\n\n{table(['', 'p50, ms', 'p95, ms'], figures)}"


async def measure(editors: Sequence[str], rounds: int, ttft_s: float) -> dict[str, list[float]]:
    """The rows of the report: one value in ms for each question."""
    rows: dict[str, list[float]] = {}
    if "neovim" in editors:
        program = neovim.find()
        if program is None:
            sys.exit("no Neovim: `make bench-editors` fetches one, or name it in $NEOVIM")
        rows |= of_neovim(await neovim.measure(program, rounds, ttft_s))
    if "vscode" in editors:
        if not vscode.installed():
            sys.exit("no VS Code: `make bench-editors` fetches it")
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            async with browser.chromium() as chromium, code_server(Path(home)) as address:
                rows |= of_vscode(await vscode.measure(chromium, address, rounds, ttft_s))
    return rows


def main() -> None:
    study = Study(__spec__, __doc__)
    study.add_argument("--editor", choices=EDITORS, help="measure only this editor")
    study.number("--rounds", 60, "questions in each editor")
    study.number("--ttft-ms", 100.0, "time to first token of the generator")
    options = study.parse_args()
    editors = (options.editor,) if options.editor else EDITORS
    rows = asyncio.run(measure(editors, options.rounds, options.ttft_ms / 1000))
    print(report(rows, options.ttft_ms, options.rounds))


if __name__ == "__main__":
    main()
