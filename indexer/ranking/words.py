"""Splits prose and identifiers into words, for lexical search, the ranker and questions alike.
Pure.

An identifier counts whole and in parts: ``np.fft.rfft2`` gives ``numpy.fft.rfft2``, ``numpy``,
``fft``, ``rfft2`` and ``rfft``. English function words do not count, and plurals lose their s.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import MappingProxyType

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TOKENS = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*|\d+")
_COMPOUND = re.compile(r"[._\d]|[^\W\d_A-Z][A-Z]|[A-Z]{2}(?!s\b)[a-z]")
_POSSESSED = re.compile(r"\b(?:my|our)\s+([^\W\d]\w*)", re.IGNORECASE)
# Quantifiers are possessive and a run of backticks is matched from its beginning. So a text of a
# single letter or of backticks is read once, not once for each character. A name without a
# parenthesis matches, too, so that the search continues behind it.
_QUOTED = re.compile(r"(?<!`)`++([^`\s]++)`++|([^\W\d][\w.]*+)(\()?")
_OPTIONS = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*(?![\w(])")
_ENDINGS = re.compile(
    r"(ations?|ators?|ions?|ings?|ers?|ors?|ed|ely|ly|ive|al|able|ible|ments?|e|es|y|ies)$"
)
_ROOT = 4  # letters that a word must keep; fewer would begin too many others
_LONGEST = 64  # characters of a word; only encoded data has longer ones, and it has no meaning
# Characters of a question that are searched. An embedder reads about 1,000 from the beginning. A
# user who pastes a long text asks at its end, so lexical search and names see the end as well.
_BEGINNING, _END = 1_500, 500
_TERMS = 128  # terms of a question; each is compared with every candidate
_NAMES = 16  # names of a question that are looked up; each costs a search

# Modules that are usually imported under another name.
ALIASES = {
    "ET": "xml.etree.ElementTree",
    "da": "dask.array",
    "dd": "dask.dataframe",
    "jnp": "jax.numpy",
    "mpl": "matplotlib",
    "nn": "torch.nn",
    "np": "numpy",
    "nx": "networkx",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "tf": "tensorflow",
    "xr": "xarray",
}

_FUNCTION_WORDS = """
    a about after all also am an and any are as at be because been before being between both but
    by can could did do does doing done down during each etc few for from further get had has have
    having he her here hers him his how i if in into is it its itself just let like me might more
    most my myself need no nor not of off on once one only or other our out over own please same she
    should so some such than that the their them then there these they this those through to too
    under until up us very via want was way we were what when where whether which while who whom why
    will with within without would you your
"""
_STOP = frozenset(_FUNCTION_WORDS.split())
# Words that occur in questions about one thing, besides the thing itself.
_CARRYING_WORDS = """
    argument call class default documentation doc example explain function help mean method
    module parameter return show signature syntax tell usage use used using work
"""
_CARRIERS = frozenset(_CARRYING_WORDS.split())
# Words that occur in a question about a name, besides the name. Anything that is no question is
# rather about something else: "Return the model matching the given app_label" describes an entry.
_BESIDE, _BESIDE_UNASKED = 3, 1
_ASKS = re.compile(
    r"\s*(are|can|could|did|do|does|how|is|should|what|when|where|which|who|why|will|would)\b|.*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)


def words(text: str) -> list[str]:
    """Lower-case words; ``np.fft.rfft2``, ``camelCase`` and ``snake_case`` are split."""
    return [part.lower() for part in _PARTS.findall(text)]


def terms(text: str) -> list[str]:
    """The terms that a text can be found by, in order, with repetitions."""
    return [term for token in _TOKENS.findall(text) for term in _terms(token)]


def searched(question: str) -> str:
    """The part of a question that is searched: all of it, or its beginning and its end."""
    if len(question) <= _BEGINNING + _END:
        return question
    return f"{question[:_BEGINNING]}\n{question[-_END:]}"


def sought(question: str) -> list[str]:
    """The distinct terms that a question is searched by, in order; only the first of very many."""
    return list(islice(dict.fromkeys(terms(question)), _TERMS))


def names(question: str) -> list[str]:
    """The identifiers that a question asks about by name, with aliases resolved, in order.

    Anything that looks like code is a name. A plain word is one only when the question is about
    nothing else: ``what does where do``, ``rfft parameters``. Only the first few are returned.
    """
    quoted = [tick or call for tick, call, open_ in _QUOTED.findall(question) if tick or open_]
    tokens = [token for token in _TOKENS.findall(question) if _is_name(token)]
    options = _OPTIONS.findall(question)
    found = [resolved(name.strip(".")) for name in (*options, *quoted, *tokens)]
    if not found:
        plain = [word for word in _TOKENS.findall(question) if not word.isdigit()]
        about = [word for word in plain if not {word.lower(), stem(word.lower())} & _CARRIERS]
        content = [word for word in about if word.lower() not in _STOP]
        found = content if len(content) == 1 else about if len(about) == 1 else []
        # in "how does where work", the last function word is the name
        if not found and not content:
            found = about[-1:]
    return list(islice(dict.fromkeys(found), _NAMES))


def is_about(question: str, named: Sequence[str]) -> bool:
    """Whether a question asks for the thing that it names, not for
    something described beside it.
    """
    own = {term for name in named for term in terms(name)}
    beside = _BESIDE if _ASKS.match(question) else _BESIDE_UNASKED
    return len(set(terms(question)) - own - _CARRIERS) <= beside


def possessed(question: str) -> frozenset[str]:
    """The terms for what the user has (``an FFT on my data``), which the
    question does not ask for.
    """
    return frozenset(term for word in _POSSESSED.findall(question) for term in terms(word))


def resolved(name: str, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """``np.where`` becomes ``numpy.where``, as custom has it or the imports that are ``known``."""
    first, dot, rest = name.partition(".")
    whole = known.get(first) or (ALIASES.get(first) if dot else None)
    return f"{whole}{dot}{rest}" if whole else name


def stem(word: str) -> str:
    """The singular of a regular plural, by Harman's rules (1991). They are
    weak, so rarely wrong.
    """
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and word[-4] not in "ea":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if word.endswith(("us", "ss", "is", "es")) else word[:-1]


@lru_cache(maxsize=100_000)
def root(word: str) -> str:
    """The beginning that a word shares with its relatives: ``serializ`` for serialized,
    serialization.

    It is coarser than ``stem``: good for judging how much of a question a text covers, not for
    finding.
    """
    left = _ENDINGS.sub("", word) if word.isalpha() else word
    return left if len(left) >= _ROOT else word


def overlap(question: str, texts: Sequence[str]) -> list[float]:
    """How much of the question each text covers: the summed idf weights of the words they share."""
    asked = set(words(question))
    present = [asked.intersection(words(text)) for text in texts]
    frequency = Counter(word for found in present for word in found)
    weight = {word: math.log(len(texts) / count) for word, count in frequency.items()}
    return [sum(weight[word] for word in sorted(found)) for found in present]


def _is_name(token: str) -> bool:
    return len(token) > 2 and not token.isdigit() and bool(_COMPOUND.search(token))


# texts repeat their words, and splitting them took half of the time of indexing words
@lru_cache(65_536)
def _terms(token: str) -> tuple[str, ...]:
    if len(token) > _LONGEST:
        return ()
    if not _COMPOUND.search(token):
        word = token.lower()
        said = word not in _STOP and (len(word) > 1 or word.isdigit())
        return (stem(word),) if said else ()
    whole = resolved(token)
    components = [part for part in whole.split(".") if part]
    found = [whole.lower()] if len(components) > 1 else []
    for component in components:
        parts = [stem(part.lower()) for part in _PARTS.findall(component) if len(part) > 1]
        if [component.lower()] != parts:
            found.append(component.lower())
        found += parts
    return tuple(found)
