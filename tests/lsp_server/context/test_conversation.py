"""A chat tab keeps its conversation on disk."""

import threading

import pytest

from backend.protocol.wire import Citation
from lsp_server.context import conversation
from lsp_server.context.conversation import Conversation, Conversations, Turn, workspace_folder


@pytest.fixture
def conversations(tmp_path):
    return Conversations(lambda: tmp_path / "kept")


def said(*texts):
    roles = ("user", "assistant")
    return tuple(Turn(roles[number % 2], text) for number, text in enumerate(texts))


def texts(conversations, tab):
    return [turn.text for turn in conversations.get(tab).turns]


def test_a_tab_survives_a_restart_in_order_and_by_itself(conversations, tmp_path):
    """Questions, answers and citations; another tab knows nothing of it."""
    cited = (Citation(number=1, title="t", uri="u"),)
    conversations.add("a/../b", "q1", "a1", cited)
    conversations.add("a/../b", "q2", "a2")
    restarted = Conversations(lambda: tmp_path / "kept")
    assert texts(restarted, "a/../b") == ["q1", "a1", "q2", "a2"]
    assert restarted.get("a/../b").turns[1].citations == cited
    assert texts(restarted, "b") == []


def test_the_history_is_whole_exchanges_that_fit():
    """An answer never stands without its question."""
    turns = said("q0", "a0", "q1", "a1", "q2", "a2")
    history = Conversation("t", 0.0, turns).history(characters=9)
    assert [turn.text for turn in history] == ["q1", "a1", "q2", "a2"]
    assert Conversation("t", 0.0, said("q", "a" * 100)).history(characters=9) == ()


def test_conversations_are_listed_newest_first_and_deleted(conversations, monkeypatch):
    """Titles are the beginnings of first questions; deleting twice is no error."""
    times = iter([1.0, 2.0])
    monkeypatch.setattr(conversation.time, "time", lambda: next(times))
    conversations.add("a", "how  do\nI invert?", "so")
    conversations.add("b", "x" * 200, "so")
    listed = conversations.list()
    assert [each.tab_id for each in listed] == ["b", "a"]
    assert listed[1].title == "how do I invert?"
    assert len(listed[0].title) == 80
    conversations.delete("a")
    conversations.delete("a")
    assert [each.tab_id for each in conversations.list()] == ["b"]


def test_a_file_that_cannot_be_read_is_left_alone(conversations, tmp_path):
    """Its tab begins afresh; the others are as they were."""
    conversations.add("a", "q", "a")
    conversations.add("b", "q", "a")
    [file] = [each for each in (tmp_path / "kept").iterdir() if b'"a"' in each.read_bytes()[:20]]
    file.write_bytes(b'{"tab_id": "a"')
    assert texts(conversations, "a") == []
    assert [each.tab_id for each in conversations.list()] == ["b"]
    assert file.exists()


def test_a_disk_that_takes_nothing_costs_the_history_alone(tmp_path):
    """The answer was shown already."""
    (tmp_path / "kept").write_text("a file where the folder should be")
    conversations = Conversations(lambda: tmp_path / "kept")
    conversations.add("a", "q", "a")
    assert conversations.get("a").turns == ()


def test_a_reader_never_sees_half_a_conversation(conversations):
    """Writing is at once: whoever reads meanwhile finds it as it was before or after."""
    conversations.add("a", "q" * 10_000, "a" * 100_000)
    stop = threading.Event()
    seen = set()

    def read():
        while not stop.is_set():
            seen.add(len(conversations.get("a").turns) % 2)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        conversations.add("a", "q" * 10_000, "a" * 100_000)
    stop.set()
    reader.join()
    assert seen == {0}
    assert len(conversations.get("a").turns) == 42


def test_the_conversation_used_longest_ago_is_forgotten(conversations, monkeypatch):
    """They must not pile up."""
    monkeypatch.setattr(conversation, "MAX_CONVERSATIONS", 2)
    for tab in ("a", "b", "c"):
        conversations.add(tab, "q", "a")
    assert {each.tab_id for each in conversations.list()} == {"b", "c"}


def test_each_workspace_has_conversations_of_its_own(tmp_path):
    folders = {workspace_folder(tmp_path, roots) for roots in ([], ["/a"], ["/b"], ["/a", "/b"])}
    assert len(folders) == 4
    assert workspace_folder(tmp_path, ["/b", "/a"]) in folders
