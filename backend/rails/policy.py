"""What to do with the findings of a rail, for one tenant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from backend.ports import Rail
from backend.settings import Action, Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """One rail's section of the settings, with the action of the tenant."""

    action: Action
    on_failure: Literal["allow", "block"]
    budget_ms: float


@dataclass(frozen=True, slots=True)
class Guarded:
    """A rail, and the policy that decides about its findings."""

    rail: Rail
    policy: Policy


def policy(settings: Settings, name: str, tenant: str = "") -> Policy:
    """The policy of the rail of this name. An unknown tenant has the general policies."""
    section = getattr(settings.rails, name)
    own = settings.tenants[tenant].rails if tenant in settings.tenants else {}
    return Policy(
        action=own.get(name, section.action),  # type: ignore[call-overload]
        on_failure=section.on_failure,
        budget_ms=getattr(section, "budget_ms", 0.0),
    )


def guarded(settings: Settings, rails: Sequence[Rail], tenant: str = "") -> list[Guarded]:
    """The rails that are on for the tenant."""
    chosen = [Guarded(rail, policy(settings, rail.name, tenant)) for rail in rails]
    return [one for one in chosen if one.policy.action != "off"]


def anywhere(settings: Settings, name: str) -> bool:
    """Whether any tenant has the rail on, so that it must be loaded."""
    tenants = ("", *settings.tenants)
    return any(policy(settings, name, tenant).action != "off" for tenant in tenants)
