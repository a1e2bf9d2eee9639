"""The streaming guard leaks nothing, loses nothing, and delays little."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Blocked
from backend.rails.formats.patterns import Scanner
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from backend.rails.output.hold_back import HoldBack, NoGuard
from backend.rails.redaction import redact

SCANNER = Scanner((*SECRETS, *PII))
find = SCANNER.find
TOKEN = "ghp_" + "a1B2" * 9
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NSJ9" + ".abc_DEF-123"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEow" * 8 + "\n-----END PRIVATE KEY-----"
URL = "postgres://app:" + "hunter2z" + "@db.internal/app"
PASSWORD = 'password = "' + "Tr0ub4dor&3" + '"'
EMAIL = "ada.lovelace@analytical.co.uk"
CARD = "4111 1111 " + "1111 1111"
IBAN = "DE89 3704 0044 " + "0532 0130 00"
PHONE = "+44 20 7946 " + "0958"
AZURE = "ab.8Q~" + "x7B_" * 8
TELEGRAM = "123456789:" + "AA" + "d4E" * 11
LINE = "\nexport DB_PWD=" + "hunter2z\n"
ELEMENT = "<password>" + "Tr0ub4dor&3" + "</password>"
SECRETS_AND_PII = [
    *(TOKEN, JWT, KEY, URL, PASSWORD, EMAIL, CARD, IBAN, PHONE, "52.94.236.248"),
    *(AZURE, TELEGRAM, LINE, ELEMENT),
]

words = st.sampled_from(
    ["the ", "gh", "p_", "sk-", "AKIA", "=", "\n", "xox", "b-", "é", "a", " ", "4", "1.", "@", "+",
     "://", ":", '"', "password", "password: ", "8Q~", "-u ", "export ", ">", "</", "api_key=",
     "\\n", "\uffff", "-----BEGIN ", "K", "tel "]
)  # fmt: skip
planted = st.sampled_from(SECRETS_AND_PII)
parts = st.one_of(
    words, planted, st.tuples(planted, st.integers(1, 60)).map(lambda p: p[0][: p[1]])
)
texts = st.lists(parts, max_size=12).map("".join)


def streamed(pieces):
    guard = HoldBack(SCANNER, "redact")
    return "".join([*(guard.feed(piece) for piece in pieces), guard.flush()])


@given(texts, st.data())
def test_the_stream_equals_the_redaction_of_the_whole_wherever_it_is_split(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    bounds = [0, *cuts, len(text)]
    pieces = [text[a:b] for a, b in pairwise(bounds)]

    assert streamed(pieces) == redact(text, find(text))


@pytest.mark.parametrize("secret", SECRETS_AND_PII)
def test_no_split_in_two_lets_any_of_the_secret_out(secret):
    text = f"use {secret} then"
    for cut in range(len(text) + 1):
        guard = HoldBack(SCANNER, "redact")
        shown = guard.feed(text[:cut])
        whole = redact(text, find(text))
        assert "".join([shown, guard.feed(text[cut:]), guard.flush()]) == whole
        assert whole.startswith(shown)


def test_character_by_character_nothing_leaks():
    text = f"a {TOKEN} b {JWT} c"
    assert streamed(text) == redact(text, find(text))


def test_ordinary_text_is_held_back_by_a_word_at_most():
    guard = HoldBack(SCANNER, "redact")
    text = "Use np.fft.rfft on the signal, then take its absolute value. "
    lag = shown = 0
    for fed, character in enumerate(text, start=1):
        shown += len(guard.feed(character))
        lag = max(lag, fed - shown)
    assert shown == len(text)
    assert lag <= len("np.fft.rfft")


def test_a_first_word_that_cannot_begin_a_secret_leaves_at_once():
    assert HoldBack(SCANNER, "redact").feed("The ") == "The "


@pytest.mark.parametrize(
    "word", ["To", "You", "Use", "The", "NumPy", "Open", "`scipy", "1.", "Let"]
)
def test_no_word_waits_for_the_next_one_because_a_secret_has_a_name(word):
    """What only leads to a value, as `DB_PWD=`, `scheme://` or a bot's number, is shown."""
    assert HoldBack(Scanner(SECRETS), "redact").feed(word) == word


def test_the_name_of_a_secret_is_shown_as_it_comes_and_its_value_never():
    guard = HoldBack(Scanner(SECRETS), "redact")
    pieces = ["DB_", "PWD", "=", "hunt", "er2z", "\n", "and"]
    assert [guard.feed(piece) for piece in pieces] == [
        "DB_", "PWD", "", "", "", "=[password removed]\n", "and"
    ]  # fmt: skip


def test_a_secret_is_told_once_however_long_what_follows_is_undecided():
    told = []
    guard = HoldBack(Scanner(SECRETS), "redact", lambda action, spans: told.extend(spans))
    for piece in (TOKEN, " ", "user", "_", "name", "_pass", " is it"):
        guard.feed(piece)
    assert [span.kind for span in told] == ["GitHub token"]


def test_block_ends_the_answer_before_any_of_the_secret_is_shown():
    guard = HoldBack(SCANNER, "block")
    shown = guard.feed("here: " + TOKEN[:20])
    with pytest.raises(Blocked, match="GitHub token"):
        guard.feed(TOKEN[20:] + " and")
    assert shown == "here: "


def test_without_a_guard_text_passes_as_it_is():
    guard = NoGuard()
    assert (guard.feed(TOKEN), guard.flush()) == (TOKEN, "")
