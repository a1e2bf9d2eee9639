"""Which folders say what a page is about."""

import pytest

from indexer.sources.places import telling


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("tar/usr/share/man/man1", ["tar"]),
        ("project/docs/_build/html/reference/fft", ["project", "reference", "fft"]),
        ("manual/mod", ["manual", "mod"]),
        ("site/en/guides", ["guides"]),
    ],
)
def test_folders_that_store_documentation_say_nothing(path: str, left: list[str]) -> None:
    assert telling(path.split("/")) == left
