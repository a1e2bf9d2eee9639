"""Questions made from release notes."""

import pytest

from indexer.training.release_notes import sentences, unnamed

SYMBOLS = {"os.cpu_count", "os.walk", "pathlib.Path.exists"}
PAGE = """
<html><body><ul><li>New: <a class="reference" href="../library/pathlib.html#pathlib.Path.exists">
Path.exists()</a> follows links.</li></ul>
<p>Much was done. The new <a class="reference" href="../library/os.html#os.cpu_count">
<code>cpu_count()</code></a> function says how many there are. (Contributed by A in bpo-17914.)</p>
<p><a class="reference" href="../library/os.html#os.walk">os.walk()</a> and
<a class="reference" href="../library/pathlib.html#pathlib.Path.exists">exists()</a> are faster.</p>
<p><a class="reference" href="https://peps/#os.walk">PEP</a>: <a class="reference"
href="../library/os.html#os.walk">walk()</a> is faster bpo-1.</p>
<p>The <a class="reference" href="../library/os.html#os-paths">paths</a> of walk are longer.</p>
<p>See <a class="reference" href="../c-api/x.html#PyOS">C</a> for what
<a class="reference" href="../library/os.html#os.walk">os.walk()</a> needs.</p>
</body></html>
"""


def test_what_refers_to_one_entry_alone_asks_for_it() -> None:
    """Without credits; a list's item without paragraphs is one."""
    assert list(sentences(PAGE.encode(), SYMBOLS)) == [
        ("New: Path.exists() follows links.", "pathlib.Path.exists"),
        ("The new cpu_count() function says how many there are.", "os.cpu_count"),
        ("PEP: walk() is faster .", "os.walk"),
    ]


def test_only_references_to_where_entries_are_count() -> None:
    found = list(sentences(PAGE.encode(), SYMBOLS, refers="library/"))
    assert found[-1] == ("See C for what os.walk() needs.", "os.walk")


@pytest.mark.parametrize(
    ("sentence", "symbol", "left"),
    [
        ("The new os.cpu_count() function counts.", "os.cpu_count", "The new function counts"),
        ("Path.exists and exists() follow links", "pathlib.Path.exists", "and follow links"),
        ("os.walk no longer walks os.walker", "os.walk", "no longer walks os.walker"),
    ],
)
def test_only_the_name_itself_is_taken_out(sentence: str, symbol: str, left: str) -> None:
    assert unnamed(sentence, symbol) == left
