"""Citations that the system puts into a streamed answer: right, in place, and late for nobody."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answering.written.attribution import Attribution, Unmarked, Verbatim
from backend.answering.written.support import Support
from indexer.types import Chunk, Passage


def passage(symbol, text):
    chunk = Chunk("package:numpy", f"file:///{symbol}", symbol, text, symbol=symbol)
    return Passage(chunk, 0.5)


PASSAGES = [
    passage("numpy.roots", "Return the roots of a polynomial with coefficients given in p."),
    passage("numpy.poly", "Find the coefficients of a polynomial with the given roots."),
    passage("numpy.fft.irfft", "Computes the inverse of rfft for a signal that is real."),
    passage("numpy.fft.irfftn", "Computes the inverse of rfftn, in several dimensions."),
]


def cited(text, size=None):
    attribution = Attribution(Support(PASSAGES, range(1, len(PASSAGES) + 1)))
    pieces = [text] if size is None else re.findall(f"(?s).{{1,{size}}}", text)
    return "".join([*map(attribution.feed, pieces), attribution.flush()])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Use `numpy.roots`. It is easy.", "Use `numpy.roots`. [1] It is easy."),
        ("Use numpy.fft.irfft here.", "Use numpy.fft.irfft here. [3]"),
        ("Use numpy.roots, e.g. for p.", "Use numpy.roots, e.g. for p. [1]"),
        ("Call np.fft.irfft(x) for it.", "Call np.fft.irfft(x) for it. [3]"),
        ("The roots of a polynomial are returned from its coefficients.",
         "The roots of a polynomial are returned from its coefficients. [1]"),
        ("Nothing of this stands anywhere else.", "Nothing of this stands anywhere else."),
        ("- `numpy.roots` finds them\n- nothing\n", "- `numpy.roots` finds them [1]\n- nothing\n"),
        ("Use `numpy.roots` like this:\n", "Use `numpy.roots` like this:\n"),
        ("## `numpy.roots`\n", "## `numpy.roots`\n"),
    ],
)  # fmt: skip
def test_a_sentence_gets_the_number_of_what_supports_it(written, shown):
    assert cited(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[1] [2] [3] [4] [5]", ""),
        ("Kubernetes is a system [1].", "Kubernetes is a system."),
        ("Use `numpy.roots` [2].", "Use `numpy.roots`. [1]"),
        ("Polynomial coefficients are found with given roots [2].",
         "Polynomial coefficients are found with given roots. [2]"),
        ("An array x[1] stays, and [12 too.", "An array x[1] stays, and [12 too."),
        ("`x [1]` stays.", "`x [1]` stays."),
    ],
)  # fmt: skip
def test_a_number_of_the_models_stays_only_with_support(written, shown):
    assert cited(written).strip() == shown


def test_a_block_of_code_is_cited_behind_it_and_stays_as_it_is():
    code = "```python\nimport numpy as np\nx = np.roots([1, 2])  # see [2]. Then\n```\n"
    assert cited(f"{code}Done.") == f"{code}\n[1]\nDone."
    assert cited(code.rstrip("\n")) == f"{code.rstrip()}\n\n[1]"


def test_a_block_that_was_cut_off_gets_no_number():
    assert cited("```python\nnp.roots(") == "```python\nnp.roots("


def test_a_name_that_several_entries_end_with_is_the_one_that_fits():
    assert cited("Call `numpy.fft.irfftn` then.").endswith("[4]")


@pytest.mark.parametrize("written", ["Use `numpy.irfft`.", "Use `numpy.roots` for the"])
def test_a_name_that_does_not_exist_and_a_sentence_that_was_cut_off_get_no_number(written):
    assert cited(written) == written


def test_what_supports_nothing_is_said():
    attribution = Attribution(Support(PASSAGES, range(1, 5)))
    attribution.feed("Deploy it with kubectl.")
    attribution.flush()
    assert not attribution.grounded


PIECES = st.sampled_from(
    ["`numpy.roots`", " ", "\n", ". ", "[1]", "[12]", "[", "]", "word", "```\n", "```python\n",
     "np.roots(x)", ":", "# ", "- ", "x[1]", "`", "!", "[a](b)"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join), st.integers(1, 7))
def test_how_the_text_is_cut_into_deltas_changes_nothing(text, size):
    assert cited(text, size) == cited(text)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_all_that_the_model_wrote_is_shown_but_for_numbers(text):
    def bare(written):
        return re.sub(r"\s|\[\d{1,2}\]", "", written)

    assert bare(cited(text)) == bare(text)


@given(st.lists(PIECES.filter(lambda piece: "[" not in piece), max_size=20).map("".join))
def test_nothing_waits_that_cannot_be_a_number(text):
    """No delta is late for a citation: what was fed is shown, at once."""
    attribution = Attribution(Support(PASSAGES, range(1, 5)))
    shown = attribution.feed(text)
    assert re.sub(r"\s|\[\d\]", "", shown) == re.sub(r"\s", "", text)


PAGES = [
    Passage(
        Chunk("manual", "file:///rsync", "rsync", "-n, --dry-run shows what would be copied."), 1
    ),
    Passage(Chunk("manual", "file:///tmux", "tmux", "split-window [-h] splits a pane in two."), 1),
    Passage(Chunk("manual", "file:///ssh", "ssh", "The connection is shared by ControlMaster."), 1),
]


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        ("The option to use is `--dry-run`.", [1]),
        ("Call `tmux split-window -h` in the pane.", [2]),
        ("Set `ControlMaster` for the connection.", [3]),
        ("Set `NoSuchOption` for the connection.", []),
        ("Use it, for it splits a pane in two.", [2]),
        ("Something else entirely is the weather today.", []),
    ],
)
def test_options_and_settings_support_what_names_them(sentence, numbers):
    assert Support(PAGES, [1, 2, 3]).of_sentence(sentence) == numbers


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("rsync -n --dry-run a b", [1]),
        ("tmux split-window -h", [2]),
        ("ls -la", []),
        ("import sys\nprint(x)", []),
    ],
)
def test_code_is_supported_by_what_has_what_it_uses(code, numbers):
    assert Support(PAGES, [1, 2, 3]).of_code(code) == numbers


def test_a_sentence_that_goes_on_is_likely_about_the_same_passage():
    support = Support(PAGES, [1, 2, 3])
    going_on = "This shows users in a terminal what would be copied."
    assert support.of_sentence(going_on) == []
    assert support.of_sentence(going_on, likely=[1]) == [1]


@given(st.integers(1, 9))
def test_what_is_shown_as_it_is_has_sources_too(size):
    """Code for a file gets no number, and quotations have their own; what supports is known."""
    code = "```python\nr = numpy.roots([1, 2])\n```\nIt is shorter.\n"
    unmarked = Unmarked(Support(PASSAGES, range(1, len(PASSAGES) + 1)))
    quoting = Verbatim()
    for text, shower in ((code, unmarked), ("Use `x` [12]\n\nSee also [3]: a[4\n", quoting)):
        pieces = re.findall(f"(?s).{{1,{size}}}", text)
        assert "".join([*map(shower.feed, pieces), shower.flush()]) == text
    assert unmarked.cited == {1}
    assert quoting.cited == {12, 3}
