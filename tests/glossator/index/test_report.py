"""The report of a run names formats, reasons and guesses, with counts and the first few names."""

from glossator.index.report import lines
from indexer.pipeline import Report


def test_reasons_are_counted_with_the_first_few_names():
    skipped = [(f"/srv/docs/a/{i}.md", "binary") for i in range(5)]
    report = Report(
        "docs", 3, 9, 9, 0, 0, 8, (("/srv/docs/dist/", "ignored by .gitignore"), *skipped), 1.25,
        "abc", (("/srv/docs/b/old.md", "read as cp1252, which is a guess"),),
        {"Markdown": 2, "HTML": 1},
    )  # fmt: skip
    assert list(lines(report)) == [
        "docs: 3 documents, 9 chunks (9 new, 0 removed, 0 unchanged) in 1.2 s; index abc",
        "  2 Markdown, 1 HTML",
        "  skipped 5 (a/0.md, a/1.md, a/2.md, …): binary",
        "  skipped (docs/dist/): ignored by .gitignore",
        "  note (b/old.md): read as cp1252, which is a guess",
    ]


def test_more_reasons_than_fit_are_counted():
    skipped = tuple((f"{i}.md", f"reason {i}") for i in range(15))
    (*_, last) = lines(Report("docs", 1, 1, 1, 0, 0, 1, skipped, 0.0))
    assert last == "  skipped 3 more, for 3 other reasons"
