"""Policies: the general one, and where a tenant differs."""

import pytest

from backend.rails.input.secrets import SecretsRail
from backend.rails.policy import anywhere, guarded, policy
from backend.rails.registry import NAMES
from backend.settings import PiiRail, Rails, Settings, Tenant

SETTINGS = Settings(
    rails=Rails(pii=PiiRail(action="off", budget_ms=7)),
    tenants={"acme": Tenant(rails={"pii": "block", "secrets": "off"})},
)


@pytest.mark.parametrize("name", NAMES)
def test_every_rail_has_a_policy(name):
    assert policy(Settings(), name).action != "off"


def test_pii_and_secrets_fail_closed_by_default():
    closed = {name for name in NAMES if policy(Settings(), name).on_failure == "block"}
    assert closed == {"pii", "secrets"}


def test_a_tenant_differs_in_the_action_alone():
    general, own = (policy(SETTINGS, "pii", tenant) for tenant in ("", "acme"))
    assert (general.action, own.action) == ("off", "block")
    assert (general.on_failure, general.budget_ms) == (own.on_failure, own.budget_ms)


def test_an_unknown_tenant_has_the_general_policy():
    assert policy(SETTINGS, "pii", "nobody") == policy(SETTINGS, "pii")


def test_a_rail_is_off_for_the_tenant_that_has_it_off():
    rails = [SecretsRail()]
    assert [one.rail for one in guarded(SETTINGS, rails)] == rails
    assert guarded(SETTINGS, rails, "acme") == []


def test_a_rail_that_one_tenant_has_on_is_loaded():
    assert anywhere(SETTINGS, "pii")
    assert not anywhere(Settings(rails=Rails(pii=PiiRail(action="off"))), "pii")
