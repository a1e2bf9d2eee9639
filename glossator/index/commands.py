"""`glossator index`: options and help. The work is in the files beside this one, imported late."""

import sys
from pathlib import Path

import click

from glossator.options import config as config_option
from glossator.options import data as data_option
from glossator.options import errors_for_people


class _SourcesOrCommand(click.Group):
    """A group whose arguments are sources, unless the first argument names one of its commands."""

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


@click.group(cls=_SourcesOrCommand, options_metavar="[OPTIONS] SOURCE... |")
def index() -> None:
    """Make documentation searchable, and maintain the index.

    `glossator index SOURCE...` is short for `glossator index run SOURCE...`.
    """


@index.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE...]")
@click.option("--list", "list_them", is_flag=True,
              help="Show what is declared or indexed, and the last runs.")  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Throw the old index away first.")
@click.option(
    "--leave", is_flag=True, hidden=True, help="Leave the result to the server that owns the index."
)
@config_option
@data_option
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

    Without a SOURCE, everything under [sources] in the settings is indexed. A second run embeds
    only what changed. docs/sources.md says what each kind reads.
    """
    if sources and list_them:
        raise click.UsageError("--list shows all sources: name none.")
    with errors_for_people():
        if list_them:
            from glossator.index import listing

            sys.exit(listing.show(config, data))
        from glossator.index import run as indexing

        if leave:
            sys.exit(indexing.leave(sources, config, data))
        sys.exit(indexing.index(sources, rebuild, config, data))


@index.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@config_option
@data_option
def remove(sources: tuple[str, ...], config: Path | None, data: Path) -> None:
    """Remove everything of a SOURCE, named as `glossator index --list` shows it.

    A server that runs answers without it from one moment to the next.
    """
    with errors_for_people():
        from glossator.index import moving

        sys.exit(moving.remove(sources, config, data))


@index.command()
@click.argument("to", type=click.Choice(["server", "embedded"]))
@config_option
@data_option
def migrate(to: str, config: Path | None, data: Path) -> None:
    """Move the vectors to the Chroma server of retrieval.chroma_url, or back into the folder.

    Nothing is embedded again. Afterwards set retrieval.chroma_url, or empty it.
    """
    with errors_for_people():
        from glossator.index import moving

        sys.exit(moving.migrate(to, config, data))


@index.command()
@click.argument("folder", type=click.Path(path_type=Path))
@config_option
@data_option
def backup(folder: Path, config: Path | None, data: Path) -> None:
    """Write the index into FOLDER, which must not exist: chunks, vectors, and their sources."""
    with errors_for_people():
        from glossator.index import moving

        sys.exit(moving.backup(folder, config, data))


@index.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@config_option
@data_option
def restore(folder: Path, config: Path | None, data: Path) -> None:
    """Make the index from the backup in FOLDER, embedded or on a server, and check it."""
    with errors_for_people():
        from glossator.index import moving

        sys.exit(moving.restore(folder, config, data))


@index.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--root", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The folder of the source; by default the one that the file is in.")  # fmt: skip
@click.option("--text", is_flag=True, help="Show the text of each chunk.")
@config_option
def explain(file: Path, root: Path | None, text: bool, config: Path | None) -> None:
    """Show how FILE is read and cut, so that you see why an answer is missing.

    It prints the format and title, what was guessed or left out, and for each chunk its breadcrumb,
    its size in tokens and its line. Nothing is indexed.
    """
    with errors_for_people():
        from glossator.index import explaining

        sys.exit(explaining.explain(file, root, text, config))


@index.command()
@click.argument("source")
@config_option
@data_option
def check(source: str, config: Path | None, data: Path) -> None:
    """Look for chunks of an indexed SOURCE that would answer badly, and say what to exclude.

    It finds empty chunks, paragraphs that repeat on many pages, titles that repeat, pages without a
    heading, and pages that are there twice. The exit code is 1 if anything was found.
    """
    with errors_for_people():
        from glossator.index import explaining

        sys.exit(explaining.check(source, config, data))
