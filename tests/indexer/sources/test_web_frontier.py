"""The order in which a site is read."""

from indexer.sources.web.frontier import Frontier

LINKS = {"/": ["/a", "/b", "/"], "/a": ["/c", "/b"], "/b": ["/d"], "/c": ["/e"]}


def walk(depth: int, most: int = 100) -> list[str]:
    frontier = Frontier(["/", "/"], depth=depth, most=most)
    seen = []
    for url in frontier:
        seen.append(url)
        frontier.add(LINKS.get(url, []))
    return seen


def test_pages_come_breadth_first_and_once() -> None:
    assert walk(depth=9) == ["/", "/a", "/b", "/c", "/d", "/e"]


def test_depth_counts_from_the_seeds() -> None:
    assert walk(depth=0) == ["/"]
    assert walk(depth=1) == ["/", "/a", "/b"]


def test_no_more_addresses_are_remembered_than_allowed() -> None:
    assert walk(depth=9, most=3) == ["/", "/a", "/b"]
