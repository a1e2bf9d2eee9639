"""How fast the engine reads prompts, learnt from its answers, and what follows from that. Pure.

On a GPU a prompt is read within milliseconds, and nothing follows. On a CPU it takes seconds: then
a search may take longer, because nobody notices, and fewer passages are worth more than many.
"""

_LEAST_TOKENS = 100  # in a shorter prompt other costs than reading count
_SLOWER = 0.05  # weight of a slower answer: most are slow because others were read beside them
_UNKNOWN_MS = 2000.0  # for the first searches, when indexes are cold and the engine unknown
_SHARE = 0.5  # of the time for reading that a search may take
_LONGEST_MS = 5000.0
_LEAST_PASSAGES = 500.0  # tokens; an answer without any passage is worth less than a later one
_LEAST_OTHERS = 200.0  # tokens of the policy and of a short question


def least_reading_s(tokens_s: float) -> float:
    """How long the shortest prompt with passages is read, before an answer can begin."""
    return (_LEAST_OTHERS + _LEAST_PASSAGES) / tokens_s


class Pace:
    """``tokens_s`` is how many tokens the engine reads in a second; 0 until an answer has told."""

    def __init__(self) -> None:
        self.tokens_s = 0.0

    def learn(self, tokens: int, seconds: float) -> None:
        """``tokens`` that were not cached were read within ``seconds``."""
        if tokens < _LEAST_TOKENS or seconds <= 0:
            return
        now = tokens / seconds
        weight = 1.0 if now > self.tokens_s else _SLOWER
        self.tokens_s += weight * (now - self.tokens_s)

    def search_ms(self, least_ms: float, tokens: float) -> float:
        """How long the search of a prompt of about ``tokens`` may take."""
        if not self.tokens_s:
            return max(least_ms, _UNKNOWN_MS)
        reading_ms = 1000 * tokens / self.tokens_s
        return max(least_ms, min(_SHARE * reading_ms, _LONGEST_MS))

    def passage_tokens(self, most: float, others: float, seconds: float) -> float:
        """The room for passages beside ``others``, if all is to be read within ``seconds``."""
        if not self.tokens_s or not seconds:
            return most
        return min(most, max(_LEAST_PASSAGES, self.tokens_s * seconds - others))
