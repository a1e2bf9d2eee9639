"""Chooses the replica of the generator that gets a prompt. Pure: it knows nothing about Ray.

A user waits for prefill. So a prompt goes to the replica that has read most of it already, unless
the other work of that replica would take longer than reading the prompt elsewhere.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from backend.answering.prompt import estimate_tokens
from backend.ports import Prompt, Sampling

TOKENS = "tokens"  # in a replica's routing statistics: its outstanding work

# The weight of an outstanding token, compared with a token of the prompt that has to be read.
# Answers under way share every step of the engine with a new one. They slow it down, but it does
# not queue behind them.
LOAD_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Beginning:
    """A prompt up to the end of one of its messages, and its length in tokens."""

    key: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wish for a replica.

    ``under_way`` are the tokens that this gateway has sent to each replica. ``avoided`` are the
    replicas that took nothing when they were last asked.
    """

    prompt: Prompt
    under_way: Mapping[str, int]
    avoided: Collection[str] = ()


def beginnings(prompt: Prompt) -> list[Beginning]:
    """The beginnings, shortest first. They end with messages, because prompts share whole ones."""
    key, characters = hash(prompt.cache_salt), 0
    found = []
    for message in prompt.messages:
        key = hash((key, message.role, message.text))
        characters += len(message.text)
        found.append(Beginning(key, characters // 4))
    return found


def work(prompt: Prompt, sampling: Sampling | None) -> int:
    """The most tokens of a request: its prompt and the longest answer. A warm-up has no answer."""
    return estimate_tokens(prompt) + (sampling.max_tokens if sampling else 0)


class Prefixes:
    """Remembers which replicas have read which beginnings: the ``capacity`` used last."""

    def __init__(self, capacity: int = 8192) -> None:
        self._capacity = capacity
        # It is no LRU cache of a library, which would take the look of ``forget`` at every entry
        # for a use of it.
        self._readers: OrderedDict[int, set[str]] = OrderedDict()

    def read(self, prompt: Prompt, replica: str) -> None:
        """Notes that ``replica`` was given ``prompt``."""
        for beginning in beginnings(prompt):
            self._readers.setdefault(beginning.key, set()).add(replica)
            self._readers.move_to_end(beginning.key)
        while len(self._readers) > self._capacity:
            self._readers.popitem(last=False)

    def known(self, prompt: Prompt) -> dict[str, int]:
        """How many tokens of ``prompt`` each replica has read, for those that have read some."""
        tokens: dict[str, int] = {}
        for beginning in beginnings(prompt):
            for replica in self._readers.get(beginning.key, ()):
                tokens[replica] = beginning.tokens
        return tokens

    def forget(self, replica: str) -> None:
        """Forgets a replica that is gone, as its cache is."""
        for readers in self._readers.values():
            readers.discard(replica)


def ranked(replicas: Sequence[str], known: Mapping[str, int], load: Mapping[str, int]) -> list[str]:
    """The replicas in order, first the one with the least to read and to wait for.

    ``known`` are the tokens of the prompt that a replica has read, ``load`` the tokens that it
    still has to read or make for others. Equal replicas keep their order.
    """
    return sorted(replicas, key=lambda each: LOAD_WEIGHT * load.get(each, 0) - known.get(each, 0))
