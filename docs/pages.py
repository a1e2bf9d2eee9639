"""Hooks of the documentation's site (mkdocs.yml): pages from outside docs/, nothing from elsewhere.

Links in Markdown are written for readers of the repository. On the site, a link to a page leads to
that page, and a link to anything else in the repository (source code, a licence) is only its text.
MkDocs is imported where it is used, so that tests read this file without it.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUTSIDE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "editor_plugins/neovim/README.md",
    "editor_plugins/vscode/README.md",
    "tests/data/questions/README.md",
)
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^()\s]+)\)")
FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)
# What a browser fetches by itself when it shows a page.
LOADED = re.compile(
    r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>"""
    r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//[^>]*>"""
    r"""|(?:@import\s+["']?|url\(["']?)(?:https?:)?//[^)\s]+"""
)


def on_files(files: Any, config: Any) -> Any:
    from mkdocs.structure.files import File

    for path in OUTSIDE:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if page.file.src_uri == "index.md":
        page.meta["hide"] = ["navigation"]  # it would list this page alone
    return rewritten(markdown, page.file.src_uri)


def on_post_build(config: Any) -> None:
    """Fails the build when a page would load something from the network."""
    from mkdocs.exceptions import PluginError

    site = Path(config["site_dir"])
    found = [
        f"{path.relative_to(site)}: {loaded}"
        for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")])
        for loaded in LOADED.findall(path.read_text("utf-8"))
    ]
    if found:
        raise PluginError("Pages load from the network:\n" + "\n".join(found))


def rewritten(markdown: str, here: str) -> str:
    """The page with the site's links. ``here`` is its place on the site."""
    # Text, a fence's mark, what is in the fence, its mark, text …
    parts = FENCE.split(markdown)
    marks = iter(FENCE.finditer(markdown))
    for at in range(0, len(parts), 2):
        if at % 4 == 0:
            parts[at] = LINK.sub(lambda link: _link(link, here), parts[at])
        else:
            # What follows the language is for our tests, and Python-Markdown takes it for no fence.
            language, end, code = parts[at].partition("\n")
            parts[at] = "".join([*language.split()[:1], end, code])
        if at + 1 < len(parts):
            parts[at + 1] = next(marks)[0]
    return "".join(parts)


def _link(link: re.Match[str], here: str) -> str:
    text, target = link.groups()
    place, mark, anchor = target.partition("#")
    if not place or ":" in place:
        return link[0]
    written = here if here in OUTSIDE else f"docs/{here}"
    path = posixpath.normpath(posixpath.join(posixpath.dirname(written), place))
    if path == "README.md":
        path = "docs/index.md"
    if (ROOT / path).is_dir():
        path += "/README.md"
    if path.startswith("docs/"):
        path = path.removeprefix("docs/")
    elif path not in OUTSIDE:
        return text
    return f"[{text}]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{mark}{anchor})"
