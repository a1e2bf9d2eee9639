"""How much of a begun answer is taken over: it ends where a token and a character both do."""

import pytest

from backend.generators.begun import taken_over


def decode(tokens):
    """A vocabulary of bytes, which is the hardest: most characters are spread over tokens."""
    return bytes(tokens).decode(errors="replace")


def ids(text):
    return tuple(text.encode())


PROMPT = ids("question: é\n")


def test_of_nothing_nothing_is_taken_over():
    assert taken_over(decode, PROMPT, (), ()) == ((), "")


@pytest.mark.parametrize("count", range(len(ids("na\u00efve \u20ac \U0001f600!"))))
def test_it_ends_with_a_whole_character_wherever_the_answer_was_cut(count):
    answer = ids("na\u00efve \u20ac \U0001f600!")
    kept, text = taken_over(decode, PROMPT, answer[:count], ())

    assert answer[: len(kept)] == kept
    assert kept == ids(text)
    assert 0 <= count - len(kept) <= 3


def test_what_may_begin_a_stop_string_is_left_to_be_made_again():
    kept, text = taken_over(decode, PROMPT, ids("one two EN"), ("END", "x"))

    assert text == "one two "
    assert kept == ids(text)


def test_an_answer_shorter_than_the_stop_string_is_made_again_as_a_whole():
    assert taken_over(decode, PROMPT, ids("EN"), ("a long stop string",)) == ((), "")
