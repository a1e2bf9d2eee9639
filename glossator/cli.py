"""`glossator`: the options and help of its commands. Their work is imported when they run."""

import gc
import sys
from pathlib import Path
from typing import Any

import click

from backend.generators.vllm import leak_report
from glossator.evaluate.commands import evaluate
from glossator.index.commands import index
from glossator.loadtest.commands import loadtest
from glossator.operate.commands import doctor, init
from glossator.options import ca as _ca
from glossator.options import config as _config
from glossator.options import data as _data
from glossator.options import errors_for_people as _errors_for_people
from glossator.options import token as _token
from glossator.options import url as _url
from glossator.token import token as tokens


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="glossator")
def cli() -> None:
    """Cited answers from your own documentation, streamed into the editor.

    \b
    glossator init                         write a settings file
    glossator index package:numpy          make documentation searchable
    glossator serve                        start the backend
    glossator ask "how do I run an FFT?"   ask it
    glossator lsp                          connect an editor to it
    """


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port; 0 picks a free one.  [default: 8765]")
@click.option(
    "--deploy",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="One process, or deployments on Ray Serve.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "vllm", "openai", "transformers", "extractive"]),
    help="What writes the answers.  [default: auto]",
)
@click.option("--model", help="Model to serve: a local folder or a hub name.")
@click.option("--upstream", help="Base URL of an OpenAI-compatible server to use as generator.")
@click.option(
    "--profile",
    metavar="NAME",
    help="Defaults for a kind of machine: laptop-cpu, one-gpu or cluster; settings override them.",
)
@click.option(
    "--index",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Index this first, as `glossator index` would; repeatable.",
)
@click.option("--log-format", type=click.Choice(["text", "json"]),
              help="json: one JSON object per line, also one for each answer.")  # fmt: skip
@click.option("--ask", "question", help="Ask this once the index can answer it, then go on.")
@_config
@_data
def serve(
    host: str | None,
    port: int | None,
    deploy: str,
    engine: str | None,
    model: str | None,
    upstream: str | None,
    profile: str | None,
    sources: tuple[str, ...],
    log_format: str | None,
    question: str | None,
    config: Path | None,
    data: Path,
) -> None:
    """Start the backend and serve until Ctrl-C.

    Without a model or an upstream it takes a small coder model if one is cached or the hub
    answers within seconds, else the `extractive` generator, which quotes the documentation.
    """
    overrides = {
        "server": _given(host=host, port=port),
        "generation": _given(engine=engine, model=model, upstream=upstream),
        "profile": _given(name=profile),
        "observability": _given(log_format=log_format),
    }
    with _errors_for_people():
        from glossator import serve as serving

        sys.exit(serving.serve(deploy, config, overrides, data, sources, question))


@cli.command()
@click.argument("question")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="Ask about this file.")  # fmt: skip
@click.option("--range", "lines", metavar="A:B", help="Only its lines A to B, 1-based, inclusive.")
@click.option("--json", "as_json", is_flag=True, help="Print the protocol's frames, one per line.")
@_url
@_token
@_ca
def ask(
    question: str, file: Path | None, lines: str | None, as_json: bool, url: str, token: str
) -> None:
    """Ask a running backend and stream its answer.

    Ctrl-C stops the answer in the engine, too. Exit code: 0 answered, 1 failed or blocked,
    130 interrupted.
    """
    if lines and not file:
        raise click.UsageError("--range needs --file")
    with _errors_for_people():
        from glossator import ask as asking

        sys.exit(asking.ask(question, url, token, file, _line_range(lines), as_json))


@cli.command()
@_url
@_token
@_ca
@click.option("--stdio", is_flag=True, hidden=True, help="The default; editors pass it.")
def lsp(url: str, token: str, stdio: bool) -> None:
    """Run the language server on standard input and output, for an editor to start."""
    # Imports create many objects and no garbage, so looking for garbage would take a third of the
    # start.
    gc.disable()
    from lsp_server.server import main

    gc.freeze()
    gc.enable()
    main(url, token)


cli.add_command(init)
cli.add_command(doctor)
cli.add_command(index)
cli.add_command(evaluate)
cli.add_command(loadtest)
cli.add_command(tokens)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _line_range(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition(":")
    try:
        lines = int(first), int(last or first)
    except ValueError:
        lines = 0, 0
    if not 1 <= lines[0] <= lines[1]:
        raise click.BadParameter(f"{text!r} is not A:B with 1 <= A <= B", param_hint="--range")
    return lines


def main() -> None:
    """The entry point of the console script."""
    leak_report.hide()  # the embedder and the engine may load Triton, whatever the command
    cli(prog_name="glossator")
