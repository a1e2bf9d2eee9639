"""Every setting, with its default and its meaning, read from one TOML file and the environment.

``GLOSSATOR_SERVER__PORT=9000`` overrides ``[server] port``, and both override a profile. Settings
are frozen. An unknown name is an error that lists the known ones. ``docs/settings.md`` is generated
from these classes (``backend.settings.reference``).
"""

from backend.settings.access import Auth, Quotas
from backend.settings.autoscaling import Autoscaling
from backend.settings.engine import Vllm
from backend.settings.generation import Generation
from backend.settings.observability import Observability
from backend.settings.profile import Profile
from backend.settings.rails import (
    Action,
    InjectionRail,
    PiiRail,
    Rails,
    SecretsRail,
    Tenant,
    TopicRail,
    ToxicityRail,
)
from backend.settings.reading.load import load
from backend.settings.reading.variables import ENV_PREFIX
from backend.settings.retrieval import Retrieval
from backend.settings.server import Server
from backend.settings.serving import Admission, Ray
from backend.settings.sources import SourceSettings
from backend.settings.tree import Settings

__all__ = [
    "ENV_PREFIX",
    "Action",
    "Admission",
    "Auth",
    "Autoscaling",
    "Generation",
    "InjectionRail",
    "Observability",
    "PiiRail",
    "Profile",
    "Quotas",
    "Rails",
    "Ray",
    "Retrieval",
    "SecretsRail",
    "Server",
    "Settings",
    "SourceSettings",
    "Tenant",
    "TopicRail",
    "ToxicityRail",
    "Vllm",
    "load",
]
