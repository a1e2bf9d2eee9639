"""`glossator loadtest`: its options and help. The work is done in `run`, imported late."""

import sys
from pathlib import Path
from typing import Any

import click

from glossator.options import ca, errors_for_people, token, url
from loadtest.scenarios.catalogue import SCENARIOS

_log = click.option(
    "--log",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("experiments"),
    show_default=True,
    envvar="GLOSSATOR_EXPERIMENTS",
    help="Folder of the experiment log.",
)


@click.group(invoke_without_command=True)
@click.option(
    "--scenario",
    type=click.Choice(list(SCENARIOS)),
    default="typical",
    show_default=True,
    help="10, 20, 30, 50 users; `failure` adds users until the SLO breaks.",
)
@click.option("--users", type=int, default=0, help="Users, in place of the scenario's.")
@click.option("--seconds", type=float, default=0.0, help="Duration, in place of the scenario's.")
@click.option(
    "--api",
    type=click.Choice(["websocket", "openai"]),
    default="websocket",
    show_default=True,
    help="Our protocol, or OpenAI's chat completions on any server.",
)
@click.option("--model", default="", help="Model to ask for, when the server has several.")
@click.option(
    "--arrivals",
    type=click.Choice(["closed", "poisson"]),
    help="closed: users wait for answers; poisson: questions come at a rate.  "
    "[default: the scenario's]",
)
@click.option("--rate", type=float, default=0.0, help="Questions per second, for poisson.")
@click.option("--think", type=float, default=1.0, help="Factor on the pauses between questions.")
@click.option("--seed", type=int, default=7, show_default=True, help="Seeds everything random.")
@click.option("--bare", is_flag=True, help="Ask without retrieval.")
@click.option(
    "--slo",
    default="ttft_p95<2s,failed<1%",
    show_default=True,
    help="Exit code 3 when a term does not hold.",
)
@click.option("--note", default="", help="A remark for the log.")
@token
@ca
@click.option("--gpus", type=float, default=0.0, help="Number of GPUs that serve, for the cost.")
@click.option(
    "--price-per-hour",
    type=float,
    default=0.0,
    envvar="GLOSSATOR_PRICE_PER_HOUR",
    help="Price of all that serves, for the cost of 1,000 answers.",
)
@click.option("--server-pid", type=int, default=0, help="Count this process tree's CPU time.")
@click.option("--web", is_flag=True, help="Show Locust's own page at http://127.0.0.1:8089.")
@click.option(
    "--web-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of that page. It has no password, so others who reach it can start runs.",
)
@click.option("--processes", type=int, default=1, help="Locust workers on this machine.")
@_log
@url
@click.pass_context
def loadtest(
    context: click.Context, /, url: str, web: bool, web_host: str, processes: int, **given: Any
) -> None:
    """Measure a running server as its users see it, and keep what was measured.

    Every run is a line in LOG/experiments.csv. Without a subcommand it runs a scenario; exit code
    3 says that it ran and broke the SLO.

    \b
    glossator loadtest --scenario spike
    glossator loadtest report last
    glossator loadtest compare previous last
    """
    if context.invoked_subcommand:
        return
    with errors_for_people():
        from glossator.loadtest import run as loadtesting
        from loadtest.scenarios.options import Options

        given["duration_s"] = given.pop("seconds")
        given |= {"log": str(given["log"]), "arrivals": given["arrivals"] or ""}
        sys.exit(loadtesting.run(url, Options(**given), web, processes, web_host))


@loadtest.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("loadtest.html"),
    show_default=True,
)
@_log
def report(runs: tuple[str, ...], output: Path, log: Path) -> None:
    """Draw runs as a page of HTML; RUN is an id, the beginning of one, `last` or `previous`."""
    with errors_for_people():
        from glossator.loadtest import run as loadtesting

        sys.exit(loadtesting.report(log, runs, output))


@loadtest.command()
@click.argument("before")
@click.argument("after")
@_log
def compare(before: str, after: str, log: Path) -> None:
    """Say what changed from the older of two runs to the newer, and whether it is chance.

    A run is an id, the beginning of one, `last` or `previous`.
    """
    with errors_for_people():
        from glossator.loadtest import run as loadtesting

        sys.exit(loadtesting.compare(log, before, after))
