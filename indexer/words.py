"""Words of prose and identifiers, and how much two texts share of them. Pure."""

import math
import re
from collections import Counter
from collections.abc import Sequence

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def words(text: str) -> list[str]:
    """Lower-case words; ``np.fft.rfft2``, ``camelCase`` and ``snake_case`` come apart."""
    return [part.lower() for part in _PARTS.findall(text)]


def overlap(question: str, texts: Sequence[str]) -> list[float]:
    """How much of the question each text has: the idf weights of the words they share."""
    asked = set(words(question))
    present = [asked.intersection(words(text)) for text in texts]
    frequency = Counter(word for found in present for word in found)
    weight = {word: math.log(len(texts) / count) for word, count in frequency.items()}
    return [sum(weight[word] for word in sorted(found)) for found in present]
