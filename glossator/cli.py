"""`glossator`: options and help of every command. The work is done elsewhere, imported late."""

import gc
import sys
from pathlib import Path
from typing import Any

import click

from glossator.loadtest import loadtest
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
    help="Who writes the answers.  [default: auto]",
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
              help="json: a JSON object a line, with one for each answer.")  # fmt: skip
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


class _SourcesOrCommand(click.Group):
    """A group whose arguments are sources when the first names no command of it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "run", self.commands["run"], args

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@cli.group(cls=_SourcesOrCommand, options_metavar="[OPTIONS] SOURCE... |")
def index() -> None:
    """Make documentation searchable, and look after the index.

    `glossator index SOURCE...` is short for `glossator index run SOURCE...`.
    """


@index.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--list", "list_them", is_flag=True,
              help="Show what is declared or indexed, and the last runs.")  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Throw the old index away first.")
@click.option("--leave", is_flag=True, hidden=True, help="For the server that has the index.")
@_config
@_data
def run(
    sources: tuple[str, ...],
    list_them: bool,
    rebuild: bool,
    leave: bool,
    config: Path | None,
    data: Path,
) -> None:
    """Make documentation searchable.

    \b
    SOURCE is the NAME of one under [sources.NAME] in the settings, or one of
      a folder        documentation: Markdown, reStructuredText, HTML, notebooks, manuals, PDF
      package:NAME    an installed Python package, exactly as it is installed
      code:FOLDER     source code
      git:WHERE       a repository, by path or URL, with @BRANCH or @TAG
      web:ADDRESS     a website, by its sitemap, llms.txt or links
      archive:FILE    a zip or tar file of documentation and code

    A second run embeds only what changed. docs/sources.md says what each kind reads.
    """
    if bool(sources) == list_them:
        raise click.UsageError("Name a SOURCE, or give --list.")
    with _errors_for_people():
        if list_them:
            from glossator import index_list as listing

            sys.exit(listing.show(config, data))
        from glossator import index as indexing

        if leave:
            sys.exit(indexing.leave(sources, config, data))
        sys.exit(indexing.index(sources, rebuild, config, data))


@index.command()
@click.argument("to", type=click.Choice(["server", "embedded"]))
@_config
@_data
def migrate(to: str, config: Path | None, data: Path) -> None:
    """Move the vectors to the Chroma server of retrieval.chroma_url, or back into the folder.

    Nothing is embedded again. Afterwards set retrieval.chroma_url, or empty it.
    """
    with _errors_for_people():
        from glossator import index_move as moving

        sys.exit(moving.migrate(to, config, data))


@index.command()
@click.argument("folder", type=click.Path(path_type=Path))
@_config
@_data
def backup(folder: Path, config: Path | None, data: Path) -> None:
    """Write the index into FOLDER, which must not exist: chunks, vectors, and their sources."""
    with _errors_for_people():
        from glossator import index_move as moving

        sys.exit(moving.backup(folder, config, data))


@index.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_config
@_data
def restore(folder: Path, config: Path | None, data: Path) -> None:
    """Make the index from the backup in FOLDER, embedded or on a server, and check it."""
    with _errors_for_people():
        from glossator import index_move as moving

        sys.exit(moving.restore(folder, config, data))


@cli.command()
@click.argument("question")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="Ask about this file.")  # fmt: skip
@click.option("--range", "lines", metavar="A:B", help="Only its lines A to B, 1-based, inclusive.")
@click.option("--json", "as_json", is_flag=True, help="Print the protocol's frames, one a line.")
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
    # Imports make a great many objects and no garbage: to look for it takes a third of the start.
    gc.disable()
    from lsp_server.compiled import kept

    with kept():
        from lsp_server.server import main

    gc.freeze()
    gc.enable()
    main(url, token)


@cli.group(name="eval")
def evaluate() -> None:
    """Measure how well parts of it work, on files of labelled examples."""


@evaluate.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
)
@_config
@_data
def retrieval(files: tuple[Path, ...], config: Path | None, data: Path) -> None:
    """Compare what dense, lexical, fused and ranked search find.

    FILE has one question a line: {"question": "...", "expected": ["numpy.sort"]}, optionally
    with "corpus", the source to search (indexed first if it is not), and "origin". The table is
    Markdown: recall at 1, 5 and 10, mean reciprocal rank, nDCG, and the time a search takes.
    """
    with _errors_for_people():
        from glossator.evaluation import retrieval as evaluating_retrieval

        sys.exit(evaluating_retrieval.evaluate(files, config, data))


@evaluate.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with the evaluation sets.  [default: tests/data/rails of the clone]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@_config
def rails(data: Path | None, as_json: bool, config: Path | None) -> None:
    """Measure what the guardrails catch, what they touch without cause, and how long they take.

    Quote the figures on `held out` examples; the others were looked at while tuning. A rail
    without weights, or without its file of examples, is named and left out.
    """
    with _errors_for_people():
        from glossator.evaluation import rails as evaluating_rails

        sys.exit(evaluating_rails.evaluate(data, config, as_json))


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
    cli(prog_name="glossator")
