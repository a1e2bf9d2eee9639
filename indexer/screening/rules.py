"""The rules of ``indexer.screening.suspicion``, compiled: what an injection looks like.

Patterns match lower-case text. A weight of 1 is enough alone; other signs need one of another kind
nearby. At least one of a rule's ``words`` occurs in every match, so most rules need not run on most
texts. A few characters that are no letters may stand between words: comment marks, line breaks,
dots. Fillers are closed lists. That is what distinguishes "ignore all previous instructions" from
"ignore all previous warnings about instructions".
"""

import re
import unicodedata
from collections.abc import Set
from dataclasses import dataclass

from indexer.screening.languages import LANGUAGES
from indexer.screening.orders import ORDERS, VERB, VERBS
from indexer.screening.phrases import Phrases
from indexer.screening.smuggling import SMUGGLED


@dataclass(frozen=True, slots=True)
class Rule:
    kind: str
    weight: float
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    orders: bool  # whether every match also contains one of ``VERBS``


RULES = tuple(
    Rule(
        kind,
        weight,
        # The text is in this form when it is judged.
        tuple(unicodedata.normalize("NFKC", word) for word in words),
        re.compile(unicodedata.normalize("NFKC", pattern)),
        VERB in pattern,
    )
    for kind, weight, words, pattern in (*ORDERS, *SMUGGLED, *LANGUAGES)
)
REACH = 400  # longer than a match of any rule, and than any of the words
_BY_WORD: dict[str, list[int]] = {}
for _number, _rule in enumerate(RULES):
    for _word in _rule.words:
        _BY_WORD.setdefault(_word, []).append(_number)
_WORDS = Phrases((*_BY_WORD, *VERBS))


def words_in(plain: str) -> set[str]:
    """The words of the rules that occur in a lower-case text."""
    return set(_WORDS.within(plain))


def worth_trying(present: Set[str]) -> list[int]:
    """The numbers of the rules that may match a text in which these words occur."""
    orders = not present.isdisjoint(VERBS)
    numbers = {number for word in present for number in _BY_WORD.get(word, ())}
    return sorted(number for number in numbers if orders or not RULES[number].orders)
