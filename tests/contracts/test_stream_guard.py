"""What every ``StreamGuard`` promises: each of the backend's, and the one that guards nothing."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Blocked
from backend.ports import Span, StreamGuard
from backend.rails.output.guards import guards
from backend.rails.output.hold_back import Chain, NoGuard
from backend.rails.output.outgoing import Outgoing
from backend.rails.placeholders import Vault
from backend.settings import Rails, SecretsRail, Settings

TOKEN = "ghp_" + "a1B2" * 9
MAIL = "ada.lovelace@analytical.co.uk"
TEXT = f"Write to <EMAIL_1> or {MAIL} with {TOKEN}; if a < b, <EMAIL_2> is nobody."
_REDACTING = guards(Settings())


def redacting() -> StreamGuard:
    return _REDACTING("", lambda *_: None)


def restoring() -> StreamGuard:
    vault = Vault((), restored={"email"})
    vault.redact(MAIL, [Span(0, len(MAIL), "email")])
    return vault.restore()


MAKERS = {
    "redacting": redacting,
    "restoring": restoring,
    "chain": lambda: Chain([redacting(), restoring()]),
    "outgoing": lambda: Outgoing([redacting(), restoring()]),
    "none": NoGuard,
}
Make = Callable[[], StreamGuard]


def streamed(guard: StreamGuard, pieces: list[str]) -> str:
    return "".join([*(guard.feed(piece) for piece in pieces), guard.flush()])


@pytest.fixture(params=MAKERS, scope="module")
def make(request: pytest.FixtureRequest) -> Make:
    return MAKERS[request.param]


@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_what_is_shown_does_not_depend_on_where_the_text_was_cut(
    make: Make, cuts: list[int]
) -> None:
    bounds = [0, *sorted(cuts), len(TEXT)]
    pieces = [TEXT[start:end] for start, end in pairwise(bounds)]
    assert streamed(make(), pieces) == streamed(make(), [TEXT])


@given(text=st.text(alphabet="ab \n.é日", max_size=200))
def test_a_text_that_holds_nothing_is_shown_whole(make: Make, text: str) -> None:
    assert streamed(make(), list(text)) == text


def test_a_word_of_plain_text_is_shown_at_once(make: Make) -> None:
    assert make().feed("Sort the array. ").startswith("Sort the array.")


def test_an_answer_without_text_shows_nothing(make: Make) -> None:
    guard = make()
    assert guard.feed("") == ""
    assert guard.flush() == ""


def test_guards_of_two_answers_know_nothing_of_each_other(make: Make) -> None:
    first, second = make(), make()
    first.feed(TEXT[:40])
    assert streamed(second, ["plain text"]) == "plain text"


def test_a_guard_that_blocks_shows_nothing_of_what_it_blocks_for() -> None:
    blocking = guards(Settings(rails=Rails(secrets=SecretsRail(action="block"))))
    guard, shown = blocking("", lambda *_: None), ""

    def stream() -> None:
        nonlocal shown
        for character in f"It is {TOKEN} here":
            shown += guard.feed(character)
        shown += guard.flush()

    with pytest.raises(Blocked, match="GitHub token"):
        stream()
    assert TOKEN[:6] not in shown
