"""Conversations for models without a system role, or with strict turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.generators.chat.turns import alternating, without_system
from backend.ports import Message

roles = st.sampled_from(["user", "assistant"])
conversations = st.lists(st.builds(Message, roles, st.text(min_size=1, max_size=5)), max_size=6)


def conversation(*turns: str) -> list[Message]:
    names = {"s": "system", "u": "user", "a": "assistant"}
    return [Message(names[turn[0]], turn[2:]) for turn in turns]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("s:S", "u:U"), ("u:S\n\nU",)),
        (("s:S", "a:A", "u:U"), ("a:A", "u:S\n\nU")),
        (("s:S",), ("u:S",)),
        (("u:U",), ("u:U",)),
    ],
)
def test_the_system_message_moves_into_the_first_question(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert without_system(conversation(*before)) == conversation(*after)


@given(history=conversations, question=st.text(min_size=1))
def test_turns_alternate_and_the_question_stays(history: list[Message], question: str) -> None:
    system = Message("system", "S")
    turns = alternating([system, *history, Message("user", question)])
    assert turns[0] == system
    assert [each.role for each in turns[1::2]] == ["user"] * len(turns[1::2])
    assert [each.role for each in turns[2::2]] == ["assistant"] * len(turns[2::2])
    assert turns[-1].role == "user"
    assert turns[-1].text.endswith(question)
