"""What was said in each chat tab, so that a follow-up question is understood. Pure."""

from collections import OrderedDict

from backend.wire import Turn

MAX_TABS = 64
MAX_CHARACTERS = 12_000


class Conversations:
    """Complete exchanges only, the newest that fit; the tab used longest ago is forgotten."""

    def __init__(self, max_tabs: int = MAX_TABS, max_characters: int = MAX_CHARACTERS) -> None:
        self._max_tabs = max_tabs
        self._max_characters = max_characters
        self._tabs: OrderedDict[str, tuple[Turn, ...]] = OrderedDict()

    def history(self, tab_id: str) -> tuple[Turn, ...]:
        return self._tabs.get(tab_id, ())

    def add(self, tab_id: str, question: str, answer: str) -> None:
        turns = (
            *self.history(tab_id),
            Turn(role="user", text=question),
            Turn(role="assistant", text=answer),
        )
        while turns and sum(len(turn.text) for turn in turns) > self._max_characters:
            turns = turns[2:]
        self._tabs[tab_id] = turns
        self._tabs.move_to_end(tab_id)
        while len(self._tabs) > self._max_tabs:
            self._tabs.popitem(last=False)
