"""What an injection looks like: the rules of ``indexer.screening.suspicion``, compiled.

Patterns match lower-case text. A weight of 1 is enough by itself; the others have to meet a sign
of another kind. ``words``: at least one of them stands in every match, so that most rules need
not run on most texts. Between words any few characters that are not letters may stand: comment
marks, line breaks, dots. Fillers are closed lists, which is what tells "ignore all previous
instructions" from "ignore all previous warnings about instructions".
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
    orders: bool  # one of ``VERBS`` stands in every match, too


RULES = tuple(
    Rule(
        kind,
        weight,
        # As the text is when it is judged.
        tuple(unicodedata.normalize("NFKC", word) for word in words),
        re.compile(unicodedata.normalize("NFKC", pattern)),
        VERB in pattern,
    )
    for kind, weight, words, pattern in (*ORDERS, *SMUGGLED, *LANGUAGES)
)
REACH = 400  # more characters than a match of any rule takes, and than any of the words has
_BY_WORD: dict[str, list[int]] = {}
for _number, _rule in enumerate(RULES):
    for _word in _rule.words:
        _BY_WORD.setdefault(_word, []).append(_number)
_WORDS = Phrases((*_BY_WORD, *VERBS))


def words_in(plain: str) -> set[str]:
    """Those of the rules' words that stand in a lower-case text."""
    return set(_WORDS.within(plain))


def worth_trying(present: Set[str]) -> list[int]:
    """The numbers of the rules that may match a text with these of the rules' words in it."""
    orders = not present.isdisjoint(VERBS)
    numbers = {number for word in present for number in _BY_WORD.get(word, ())}
    return sorted(number for number in numbers if orders or not RULES[number].orders)
