"""Which replica of the generator a prompt goes to. Pure: knows nothing of Ray.

Prefill is what a user waits for, so a prompt goes where most of it has been read already, unless
what that replica has to do would take longer than reading the prompt elsewhere.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backend.answering.prompt import estimate_tokens
from backend.ports import Prompt, Sampling

TOKENS = "tokens"  # in a replica's routing statistics: its outstanding work

# What an outstanding token weighs beside one of the prompt that has to be read. Answers under way
# share every step of the engine with a newcomer: they slow it down, but it does not queue behind
# them.
LOAD_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Beginning:
    """A prompt up to the end of one of its messages, and how many tokens that is."""

    key: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A replica for ``prompt``. By replica, ``under_way`` are the tokens that this gateway has
    sent there, ``avoided`` are those that took nothing when they were last asked."""

    prompt: Prompt
    under_way: Mapping[str, int]
    avoided: Collection[str] = ()


def beginnings(prompt: Prompt) -> list[Beginning]:
    """Shortest first. They end where messages do: that is what prompts have in common."""
    key, characters = hash(prompt.cache_salt), 0
    found = []
    for message in prompt.messages:
        key = hash((key, message.role, message.text))
        characters += len(message.text)
        found.append(Beginning(key, characters // 4))
    return found


def work(prompt: Prompt, sampling: Sampling | None) -> int:
    """Tokens that a request is at most: its prompt and the longest answer; a warm-up has none."""
    return estimate_tokens(prompt) + (sampling.max_tokens if sampling else 0)


class Prefixes:
    """Which replicas have read which beginnings, the ``capacity`` that were used last."""

    def __init__(self, capacity: int = 8192) -> None:
        self._capacity = capacity
        self._readers: OrderedDict[int, set[str]] = OrderedDict()

    def read(self, prompt: Prompt, replica: str) -> None:
        """``replica`` has been given ``prompt``."""
        for beginning in beginnings(prompt):
            self._readers.setdefault(beginning.key, set()).add(replica)
            self._readers.move_to_end(beginning.key)
        while len(self._readers) > self._capacity:
            self._readers.popitem(last=False)

    def known(self, prompt: Prompt) -> dict[str, int]:
        """How many tokens of ``prompt`` each replica has read; those that have read none, not."""
        tokens: dict[str, int] = {}
        for beginning in beginnings(prompt):
            for replica in self._readers.get(beginning.key, ()):
                tokens[replica] = beginning.tokens
        return tokens

    def forget(self, replica: str) -> None:
        """It is gone, and its cache with it."""
        for readers in self._readers.values():
            readers.discard(replica)


def ranked(replicas: Sequence[str], known: Mapping[str, int], load: Mapping[str, int]) -> list[str]:
    """Best first: least to read and to wait for. Equals stay in the order they came in.

    ``known``: tokens of the prompt that a replica has read. ``load``: tokens it still has to
    read or make for others.
    """
    return sorted(replicas, key=lambda each: LOAD_WEIGHT * load.get(each, 0) - known.get(each, 0))
