"""The questions about Glossator itself expect what these pages still say.

``tests/data/questions/check.py`` looks into an index; this reads and cuts the pages as they are.
"""

import json
from pathlib import Path

from glossator.evaluate.expected import missing
from indexer.chunkers import StructureChunker
from indexer.sources.folder import FolderSource

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "data" / "questions" / "glossator.jsonl"


def test_every_entry_that_a_question_expects_is_on_its_page() -> None:
    """Who rewords a page finds here which question has to follow."""
    lines = QUESTIONS.read_text("utf-8").splitlines()
    expected = [each for line in lines for each in json.loads(line)["expected"]]
    cut = StructureChunker().chunks
    chunks = [chunk for page in FolderSource(ROOT / "docs").documents() for chunk in cut(page)]
    assert missing(expected, chunks) == []
