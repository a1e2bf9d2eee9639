"""What users ask: the same for the same seed, in the shares and lengths that are documented."""

import itertools
from collections import Counter

from backend.protocol.wire import decode_client, encode
from loadtest.scenarios.workload import LogNormal, Workload


def turns(workload: Workload, user: int, count: int):
    return [c.turns for c in itertools.islice(workload.conversations(user), count)]


def test_a_seed_and_a_user_say_everything():
    assert turns(Workload(seed=3), 1, 20) == turns(Workload(seed=3), 1, 20)
    assert turns(Workload(seed=3), 1, 20) != turns(Workload(seed=3), 2, 20)
    assert turns(Workload(seed=3), 1, 20) != turns(Workload(seed=4), 1, 20)


def test_kinds_turns_and_lengths_are_as_chosen():
    workload = Workload(code_chars=LogNormal(400, 3), longest_answer=100)
    many = turns(workload, 1, 4000)
    kinds = Counter(each[0].kind for each in many)
    assert 0.55 < kinds["chat"] / 4000 < 0.65
    chats = [len(each) for each in many if each[0].kind == "chat"]
    assert 2.3 < sum(chats) / len(chats) < 2.7
    assert all(len(each) == 1 for each in many if each[0].kind != "chat")
    codes = sorted(len(each[0].code) for each in many)
    assert 320 < codes[len(codes) // 2] <= 400  # cut at a line's end
    assert max(turn.max_tokens for each in many for turn in each) == 100


def test_every_question_is_a_frame_of_the_protocol_and_no_two_are_the_same():
    """A prefix cache must not answer for the engine."""
    asks = [
        conversation.ask(turn, "id", None)
        for conversation in itertools.islice(Workload().conversations(5), 300)
        for turn in conversation.turns
    ]
    assert [decode_client(encode(ask)) for ask in asks] == asks
    assert len({ask.question for ask in asks}) == len(asks)
    assert all((ask.context.selection is not None) == (ask.kind == "optimize") for ask in asks)


def test_a_conversation_goes_on_from_what_was_answered():
    conversation = next(c for c in Workload().conversations(0) if len(c.turns) > 1)
    first, second = conversation.turns[:2]
    conversation.heard(first, "because")
    history = conversation.ask(second, "id", None).history
    assert [turn.text for turn in history] == [first.question, "because"]
    assert [m["content"] for m in conversation.messages(second)][:2] == [first.question, "because"]
