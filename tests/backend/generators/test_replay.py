"""A repeated answer, less what its reader has."""

import pytest

from backend.errors import Interrupted
from backend.generators.replay import Replay

ANSWER = "Use `irfft`: it inverts `rfft`."


@pytest.mark.parametrize("known", range(len(ANSWER) + 1))
@pytest.mark.parametrize("piece", [1, 2, 7, 100])
def test_wherever_the_reader_left_off_nothing_is_lost_or_doubled(known, piece):
    replay = Replay(ANSWER[:known])
    pieces = [ANSWER[at : at + piece] for at in range(0, len(ANSWER), piece)]

    assert "".join(replay.feed(each) for each in pieces) == ANSWER[known:]
    replay.end()


def test_without_a_beginning_everything_is_new():
    assert Replay().feed(ANSWER) == ANSWER


def test_another_answer_is_refused():
    replay = Replay("Use `irfft`")
    assert replay.feed("Use ") == ""
    with pytest.raises(Interrupted, match="Ask again"):
        replay.feed("something else")


def test_an_answer_that_ends_before_its_own_beginning_is_refused():
    replay = Replay(ANSWER)
    replay.feed(ANSWER[:-1])
    with pytest.raises(Interrupted):
        replay.end()
