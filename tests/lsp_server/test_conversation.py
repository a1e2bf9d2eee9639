"""What a chat tab remembers."""

from lsp_server.conversation import Conversations


def texts(conversations: Conversations, tab: str) -> list[str]:
    return [turn.text for turn in conversations.history(tab)]


def test_a_tab_remembers_in_order_and_by_itself():
    """Question, answer, question, answer; another tab knows nothing of it."""
    conversations = Conversations()
    conversations.add("a", "q1", "a1")
    conversations.add("a", "q2", "a2")
    assert texts(conversations, "a") == ["q1", "a1", "q2", "a2"]
    assert [turn.role for turn in conversations.history("a")] == ["user", "assistant"] * 2
    assert texts(conversations, "b") == []


def test_the_oldest_exchanges_are_forgotten_whole():
    """An answer never stands without its question."""
    conversations = Conversations(max_characters=8)
    for number in range(4):
        conversations.add("a", f"q{number}", f"a{number}")
    assert texts(conversations, "a") == ["q2", "a2", "q3", "a3"]


def test_an_exchange_too_long_to_remember_is_not_remembered():
    """Better no history than half of one."""
    conversations = Conversations(max_characters=8)
    conversations.add("a", "q", "a" * 100)
    assert texts(conversations, "a") == []


def test_the_tab_used_longest_ago_is_forgotten():
    """Closed tabs are not told of; they must not pile up."""
    conversations = Conversations(max_tabs=2)
    conversations.add("a", "q", "a")
    conversations.add("b", "q", "a")
    conversations.add("a", "q", "a")
    conversations.add("c", "q", "a")
    assert texts(conversations, "b") == []
    assert texts(conversations, "a")
    assert texts(conversations, "c")
