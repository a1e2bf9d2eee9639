"""Quotas: nobody gets more than theirs, and nobody pays for a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import QuotaExceeded
from backend.identity.caller import Caller
from backend.identity.quotas import Accounts, accounts_of
from backend.settings import Quotas, Settings, Tenant


def test_a_burst_is_a_minutes_worth_and_then_it_drips():
    accounts = Accounts(Quotas(requests_per_minute=6))
    for _ in range(6):
        accounts.charge(Caller(user="a"), 0.0)
    with pytest.raises(QuotaExceeded, match="6 times a minute") as refused:
        accounts.charge(Caller(user="a"), 0.0)
    assert refused.value.retry_after_ms == pytest.approx(10_000)
    accounts.charge(Caller(user="b"), 0.0)  # another user's is their own
    accounts.charge(Caller(user="a"), 10.0)
    with pytest.raises(QuotaExceeded):
        accounts.charge(Caller(user="a"), 10.0)


def test_tokens_are_counted_until_the_day_is_over():
    accounts = Accounts(Quotas(tokens_per_day=100))
    accounts.charge(Caller(user="a"), 0.0)
    accounts.spend(Caller(user="a"), 150, 1.0)
    with pytest.raises(QuotaExceeded, match="100 tokens"):
        accounts.charge(Caller(user="a"), 80_000.0)
    accounts.charge(Caller(user="a"), 86_400.0)


def test_without_quotas_or_without_a_name_nothing_is_limited():
    named, guest = Caller(user="a"), Caller().or_guest("made up")
    for accounts, caller in (
        (Accounts(Quotas()), named),
        (Accounts(Quotas(1, 1)), Caller()),
        (Accounts(Quotas(1, 1)), guest),
    ):
        for _ in range(100):
            accounts.charge(caller, 0.0)
            accounts.spend(caller, 100, 0.0)


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=200),
)
def test_no_pattern_of_asking_gets_more_than_the_rate(rate, steps):
    """In any time, at most a bucketful and what has dripped in since the start."""
    accounts, now, asked = Accounts(Quotas(requests_per_minute=rate)), 0.0, {"a": 0, "b": 0}
    for user, pause in steps:
        now += pause
        try:
            accounts.charge(Caller(user=user), now)
        except QuotaExceeded:
            continue
        asked[user] += 1
        assert asked[user] <= rate + now * rate / 60 + 1e-6


def test_of_too_many_users_the_one_who_asked_longest_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr("backend.identity.quotas._ACCOUNTS", 2)
    accounts = Accounts(Quotas(requests_per_minute=1))
    for user in ("a", "b"):
        accounts.charge(Caller(user=user), 0.0)
    with pytest.raises(QuotaExceeded):
        accounts.charge(Caller(user="a"), 1.0)
    accounts.charge(Caller(user="c"), 2.0)  # in the place of b
    with pytest.raises(QuotaExceeded):
        accounts.charge(Caller(user="a"), 3.0)
    accounts.charge(Caller(user="b"), 4.0)


def test_a_tenants_own_quotas_count_for_its_users_and_what_it_leaves_out_is_general():
    made = accounts_of(
        Settings(
            quotas=Quotas(requests_per_minute=60, tokens_per_day=100),
            tenants={"small": Tenant(requests_per_minute=1), "free": Tenant(tokens_per_day=0)},
        )
    )
    of_small, of_free, other = (Caller(tenant, "ada") for tenant in ("small", "free", ""))
    made.charge(of_small, 0.0)
    with pytest.raises(QuotaExceeded, match="1 times a minute"):
        made.charge(of_small, 0.0)
    for caller in (of_small, of_free, other):
        made.spend(caller, 100, 0.0)
    made.charge(of_free, 1.0)
    for caller in (other, of_small):
        with pytest.raises(QuotaExceeded, match="100 tokens"):
            made.charge(caller, 61.0)
