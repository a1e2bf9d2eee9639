"""Large HTML is read in a process of its own, which ends when it takes too long."""

import pytest

from indexer.readers import apart, html
from indexer.readers.page import Unreadable

ENTRY = "<dl class='py function'><dt id='a.f'><code>f</code></dt><dd>Does it.</dd></dl>"
LARGE = f"<html><body><h1>T</h1><p>{'word ' * 60_000}</p>{ENTRY}<a href='x.html'>x</a></body>"


def test_a_large_page_is_read_as_a_small_one_is() -> None:
    data = LARGE.encode()
    assert len(data) > apart.FROM_BYTES
    assert apart.read(data, {"a.f": "pkg.a.f"}) == list(html.read(data, {"a.f": "pkg.a.f"}))
    assert apart.links(data) == html.links(data)


def test_a_page_that_takes_too_long_is_given_up() -> None:
    """A hundred thousand attributes took 17 s, and more of them minutes."""
    attributes = " ".join(f"a{number}=1" for number in range(200_000))
    with pytest.raises(Unreadable, match="took more than 1 s to read"):
        apart.read(f"<html><body><p {attributes}>text</p></body>".encode(), seconds=1.0)


def test_what_is_no_html_is_told_as_such() -> None:
    deep = b"<html><body>" + b"<div><p>a" * 30_000
    with pytest.raises(Unreadable, match="too much for a parser"):
        apart.read(deep)


def test_a_folder_with_modules_of_the_same_names_is_not_looked_through(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    assert apart.read(LARGE.encode())[0].title == "T"
