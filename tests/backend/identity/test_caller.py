"""Callers: what the rest of the backend takes from the one object."""

from backend.identity.caller import Caller


def test_only_a_named_user_has_an_account_and_each_guest_is_a_party():
    named = Caller("acme", "ann")
    guest, other = (Caller("acme").or_guest(name) for name in ("1", "2"))

    assert (named.account, guest.account) == (("acme", "ann"), None)
    assert len({named.party, guest.party, other.party}) == 3


def test_a_named_user_stays_who_it_is():
    named = Caller("acme", "ann")
    assert named.or_guest("made up") is named
