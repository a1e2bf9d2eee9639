"""The extractive generator: readable, cited, and honest about what it is."""

from dataclasses import replace

from backend.generators.extractive import LATE, NOTE, UNANSWERED, UNLIKELY, compose
from backend.ports import Prompt
from indexer.types import Chunk, Passage

RFFT = Chunk(
    source="package:numpy", uri="file:///fft.py", title="numpy.fft.rfft", kind="function",
    text="Compute the FFT of real input.", symbol="numpy.fft.rfft", line=324,
    signature="numpy.fft.rfft(a, n=None)", summary="Compute the FFT of real input.",
    example=">>> np.fft.rfft([0, 1, 0, 0])",
)  # fmt: skip
GUIDE = Chunk(source="docs", uri="file:///g.md", title="Guide", text="Read this.", line=3,
              breadcrumb="Guide › Start")  # fmt: skip

ONTO = Chunk(source="docs", uri="file:///r.html#o", title="--onto <newbase>", kind="option",
             text="--onto <newbase>\n\nStarting point.", symbol="--onto", summary="Starting point.",
             signature="--onto <newbase>",
             breadcrumb="git-rebase(1) › OPTIONS › --onto <newbase>")  # fmt: skip


def answer(*chunks):
    return compose(Prompt((), "q", tuple(Passage(chunk, 0.5) for chunk in chunks)))


def test_the_best_entry_gives_its_call_meaning_and_example_with_its_citation():
    text = answer(RFFT, GUIDE)

    lead, _, others = text.partition("See also")
    for part in (RFFT.symbol, RFFT.signature, RFFT.summary, RFFT.example, "[1]"):
        assert part in lead
    assert "- Guide [2]: Read this." in others


def test_a_page_is_quoted():
    text = answer(GUIDE)
    assert "**Guide** [1]" in text
    assert "Read this." in text


def test_a_part_of_a_page_is_called_by_its_section_and_quoted_by_its_own_words():
    """Not by the beginning of the page, which stands elsewhere."""
    part = replace(GUIDE, uri="file:///g.md#x", section="Ending", line=90, summary="Read this.",
                   text="```\nx\n```\n\nClose it. Then go.")  # fmt: skip
    assert "**Guide › Ending** [1]" in answer(part)
    assert "- Guide › Ending [2]: Close it.\n" in answer(RFFT, part)


def test_several_passages_of_one_entry_are_one_source():
    assert "See also" not in answer(RFFT, RFFT)


def test_an_unlikely_answer_is_not_given_as_one():
    """It says that nothing answers, and names what is nearest as what it is."""
    passages = (Passage(RFFT, 0.2), Passage(GUIDE, 0.1))
    text = compose(Prompt((), "q", passages, answerable=UNLIKELY - 0.01))
    assert text.startswith(UNANSWERED)
    assert "Use **" not in text
    assert "- `numpy.fft.rfft` [1]" in text
    assert "- Guide [2]: Read this." in text
    assert "Use **" in compose(Prompt((), "q", passages, answerable=UNLIKELY))


def test_an_option_is_shown_with_its_page():
    text = answer(ONTO)
    assert "**`--onto`** (git-rebase(1) › OPTIONS) [1]" in text
    assert "```\n--onto <newbase>\n```\n\nStarting point." in text


def test_it_always_says_that_no_model_wrote_the_answer():
    assert answer(RFFT).endswith(NOTE)
    assert answer().endswith(NOTE)


def test_with_nothing_found_it_says_how_to_index():
    assert "glossator index" in answer()


def test_a_search_too_slow_is_not_called_one_that_found_nothing():
    assert compose(Prompt((), late=True)) == LATE + NOTE
