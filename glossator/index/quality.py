"""What stands out among the chunks of a source, and what to exclude. Pure."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from indexer.types import Chunk

_WORDS = 3  # fewer words answer nothing
_BOILERPLATE = 30  # characters; a shorter paragraph may well repeat
_PAGES = 5  # a paragraph on so many pages, and on a fifth of all, is boilerplate
_SHARE = 0.2
_TITLES = 3  # pages with the same title
_SHOWN = 5
_MARKUP = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Flaw:
    what: str
    examples: tuple[str, ...]
    advice: str = ""


def flaws(chunks: Sequence[Chunk]) -> list[Flaw]:
    """Empty chunks, boilerplate, titles that repeat, pages without a heading, pages twice."""
    chunks = sorted(chunks, key=lambda chunk: (chunk.uri, chunk.line or 0))
    pages: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        pages[chunk.uri.partition("#")[0]].append(chunk)
    names = _relative(list(pages))
    found = (
        _empty(chunks, names),
        _boilerplate(pages),
        _same_titles(pages, names),
        _without_heading(pages, names),
        _twice(pages, names),
    )
    return [each for each in found if each is not None]


def _empty(chunks: Sequence[Chunk], names: Mapping[str, str]) -> Flaw | None:
    empty = [each for each in chunks if len(_MARKUP.sub(" ", each.text).split()) < _WORDS]
    if not empty:
        return None
    pages = Counter(names[each.uri.partition("#")[0]] for each in empty)
    examples = (f"{name}: {count}" for name, count in pages.most_common(_SHOWN))
    return Flaw(
        f"chunks with fewer than {_WORDS} words: {len(empty)} of {len(chunks)}",
        tuple(examples),
        _exclude(list(pages), names.values()),
    )


def _boilerplate(pages: Mapping[str, Sequence[Chunk]]) -> Flaw | None:
    on: Counter[str] = Counter()
    for chunks in pages.values():
        on.update({part for chunk in chunks for part in _paragraphs(chunk.text)})
    most = max(_PAGES, len(pages) * _SHARE)
    often = [(text, count) for text, count in on.most_common(_SHOWN) if count >= most]
    if not often:
        return None
    return Flaw(
        f"paragraphs that repeat on many pages: {sum(count >= most for count in on.values())}",
        tuple(f"on {count} of {len(pages)} pages: {text[:80]}" for text, count in often),
        "Take them out of the theme, or index the source that the pages are built from.",
    )


def _paragraphs(text: str) -> Iterator[str]:
    for part in text.split("\n\n"):
        words = " ".join(part.split())
        if len(words) >= _BOILERPLATE:
            yield words


def _same_titles(pages: Mapping[str, Sequence[Chunk]], names: Mapping[str, str]) -> Flaw | None:
    titled: dict[str, list[str]] = defaultdict(list)
    for uri, chunks in pages.items():
        plain = [chunk for chunk in chunks if chunk.kind == "page"]
        if plain:
            titled[plain[0].title].append(names[uri])
    same = {title: its for title, its in titled.items() if len(its) >= _TITLES}
    if not same:
        return None
    ranked = sorted(same.items(), key=lambda each: -len(each[1]))[:_SHOWN]
    return Flaw(
        f"titles that several pages share: {len(same)}, on {sum(map(len, same.values()))} pages",
        tuple(f"“{title}”: {', '.join(its[:3])}{' …' * (len(its) > 3)}" for title, its in ranked),
        _exclude([name for _, its in ranked for name in its], names.values()),
    )


def _without_heading(pages: Mapping[str, Sequence[Chunk]], names: Mapping[str, str]) -> Flaw | None:
    bare = [
        names[uri]
        for uri, chunks in pages.items()
        if all(each.kind == "page" and not each.section for each in chunks)
        and chunks[0].title == PurePosixPath(names[uri]).stem
    ]
    if not bare:
        return None
    return Flaw(
        f"pages without a heading, called by their file: {len(bare)} of {len(pages)}",
        tuple(bare[:_SHOWN]),
        _exclude(bare, names.values()),
    )


def _twice(pages: Mapping[str, Sequence[Chunk]], names: Mapping[str, str]) -> Flaw | None:
    by_text: dict[str, list[str]] = defaultdict(list)
    for uri, chunks in pages.items():
        by_text["\n".join(sorted(each.text for each in chunks))].append(names[uri])
    same = [sorted(its) for its in by_text.values() if len(its) > 1]
    if not same:
        return None
    copies = [name for its in same for name in its[1:]]
    return Flaw(
        f"pages with the same text as another page: {len(copies)}",
        tuple(f"{its[0]} = {its[1]}" for its in same[:_SHOWN]),
        _exclude(copies, names.values()),
    )


def _exclude(names: Sequence[str], everything: Collection[str]) -> str:
    """A pattern for the settings: a folder that holds mostly these pages, or their names."""
    among = Counter(str(PurePosixPath(name).parent) for name in names)
    in_all = Counter(str(PurePosixPath(name).parent) for name in everything)
    folders = [
        folder for folder, count in among.items()
        if folder != "." and count > 1 and count * 2 > in_all[folder]
    ]  # fmt: skip
    patterns = [f"{folder}/" for folder in folders[:3]] or list(dict.fromkeys(names))[:3]
    if len(patterns) == len(set(names)) == len(everything):
        return ""  # all of the source
    return f"exclude = [{', '.join(repr(each) for each in patterns)}]".replace("'", '"')


def _relative(uris: Sequence[str]) -> dict[str, str]:
    """What each page is called below the folder that they share."""
    paths = {uri: unquote(urlsplit(uri).path) for uri in uris}
    folders = [os.path.dirname(path) for path in paths.values()]  # noqa: PTH120
    try:
        top = os.path.commonpath(folders) if folders else ""
    except ValueError:
        top = ""
    return {uri: path[len(top) :].lstrip("/") or path for uri, path in paths.items()}
