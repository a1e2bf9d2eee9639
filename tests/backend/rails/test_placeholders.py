"""Placeholders hide values from the model and give them back, wherever an answer is split."""

import json
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.ports import Span
from backend.rails.formats.patterns import Scanner
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from backend.rails.output.hold_back import HoldBack
from backend.rails.placeholders import Vault

SCANNER = Scanner((*SECRETS, *PII))
PERSONAL = {pattern.kind for pattern in PII}
PLANTED = Path(__file__).parents[2] / "data" / "rails" / "planted.jsonl"
EMAIL = "ada.lovelace@analytical.co.uk"
OTHER = "grace.hopper@navy.mil"
TOKEN = "ghp_" + "a1B2" * 9


def hidden(vault, text):
    return vault.redact(text, SCANNER.find(text))


def restored(vault, pieces):
    guard = vault.restore()
    return "".join([*map(guard.feed, pieces), guard.flush()])


def split(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]


def test_the_same_value_has_the_same_placeholder_in_every_text():
    vault = Vault([], PERSONAL)
    assert hidden(vault, f"write {OTHER}, then {EMAIL}") == "write <EMAIL_1>, then <EMAIL_2>"
    assert hidden(vault, f'to = "{EMAIL}"') == 'to = "<EMAIL_2>"'


def test_a_placeholder_that_stands_in_the_texts_already_is_left_to_its_author():
    question = f"what is <EMAIL_1>? mail {EMAIL}"
    vault = Vault([question], PERSONAL)
    assert hidden(vault, question) == "what is <EMAIL_1>? mail <EMAIL_2>"
    assert restored(vault, ["<EMAIL_1> <EMAIL_2>"]) == f"<EMAIL_1> {EMAIL}"


def test_a_secret_does_not_come_back():
    vault = Vault([], PERSONAL)
    assert hidden(vault, TOKEN) == "<GITHUB_TOKEN_1>"
    assert restored(vault, ["use <GITHUB_TOKEN_1>"]) == "use <GITHUB_TOKEN_1>"


words = st.sampled_from(
    ["<", ">", "<EMAIL_", "1>", "<EMAIL_1>", "<<", "a < b", " ", "é", "_2>", EMAIL]
)


@given(st.lists(words, max_size=12).map("".join), st.data())
def test_the_restored_stream_is_the_same_wherever_it_is_split(answer, data):
    vault = Vault([], PERSONAL)
    hidden(vault, f"{EMAIL} {OTHER}")
    expected = answer.replace("<EMAIL_1>", EMAIL).replace("<EMAIL_2>", OTHER)

    assert restored(vault, split(answer, data)) == expected


@given(
    st.lists(st.sampled_from([EMAIL, OTHER, " and ", "<EMAIL_1>", "x", "<"]), max_size=9), st.data()
)
def test_an_answer_that_repeats_the_question_gives_it_back_as_it_was(parts, data):
    question = " ".join(parts)
    vault = Vault([question], PERSONAL)
    seen = hidden(vault, question)

    assert EMAIL not in seen
    assert OTHER not in seen
    assert restored(vault, split(seen, data)) == question


def test_only_the_start_of_a_known_placeholder_is_held_back():
    vault = Vault([], PERSONAL)
    assert vault.restore().feed("a <") == "a <"  # nothing was taken out: nothing to wait for
    hidden(vault, EMAIL)
    guard = vault.restore()
    assert [guard.feed(text) for text in ("if a <", " b: <EM", "PTY>", "<EMAIL_1", ">")] == [
        "if a ",
        "< b: ",
        "<EMPTY>",
        "",
        EMAIL,
    ]


def test_no_placeholder_is_taken_for_a_secret_or_personal_data():
    """In every context of the planted set, and through the streaming guard."""
    for line in map(json.loads, PLANTED.read_text("utf-8").splitlines()):
        spans = [Span(*span) for span in line["spans"]]
        seen = Vault([line["text"]], PERSONAL).redact(line["text"], spans)
        guard = HoldBack(SCANNER, "block")
        assert (SCANNER.find(seen), guard.feed(seen) + guard.flush()) == ((), seen)
