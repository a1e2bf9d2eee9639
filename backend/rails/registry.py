"""Every rail of the backend is registered here, once.

Whatever depends on which rails exist asks this table: the pipeline, both composition roots, the
gateway's readiness and the evaluation. A new rail is one entry here, with a section of the same
name in ``backend.settings.rails``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backend.device import device
from backend.ports import Rail
from backend.rails.formats.patterns import Pattern
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from backend.rails.input.injection import InjectionRail
from backend.rails.input.pii import PiiRail
from backend.rails.input.secrets import SecretsRail
from backend.rails.input.topic import Relevance, Topic
from backend.rails.input.toxicity import ToxicityRail
from backend.rails.passages import disarm
from backend.rails.policy import anywhere
from backend.rails.scans import Scans
from backend.settings import Settings
from indexer.types import Passage

Build = Callable[[Settings, Scans], Rail]
Disarm = Callable[[Settings, Sequence[Passage]], tuple[Passage, ...]]


@dataclass(frozen=True, slots=True)
class Registration:
    """One rail: what it does at each stage of an answer. It does nothing where a field is empty."""

    name: str  # also of its section under ``[rails]`` in the settings

    # Input: it reads the texts of a request.
    build: Build | None = None
    loads_model: bool = False  # for seconds, so on Ray it has replicas of its own
    restores: bool = False  # what it redacts comes back in the answer

    # Passages: it judges the question by what was found for it, or changes what was found.
    relevance: Callable[[Settings], Relevance] | None = None
    disarm: Disarm | None = None

    # Answer: it holds these formats back, or judges sentences and may end the answer.
    formats: Sequence[Pattern] = ()
    watches: bool = False


RAILS: dict[str, Registration] = {
    each.name: each
    for each in (
        Registration(
            "secrets",
            build=lambda settings, scans: SecretsRail(scans),
            formats=SECRETS,
        ),
        Registration(
            "pii",
            build=lambda settings, scans: PiiRail(
                settings.rails.pii.names,
                settings.rails.pii.model,
                device(settings.rails.pii.device),
            ),
            loads_model=True,
            restores=True,
            formats=PII,
        ),
        Registration(
            "toxicity",
            build=lambda settings, scans: ToxicityRail(settings.rails.toxicity),
            loads_model=True,
            watches=True,
        ),
        Registration("topic", relevance=lambda settings: Topic(settings.rails.topic)),
        Registration(
            "injection",
            build=lambda settings, scans: InjectionRail(scans),
            disarm=lambda settings, passages: disarm(passages, settings.rails.injection.passages),
        ),
    )
}
NAMES = tuple(RAILS)
RESTORED = frozenset(each.name for each in RAILS.values() if each.restores)
WATCHING = frozenset(each.name for each in RAILS.values() if each.watches)


def build(settings: Settings, name: str, scans: Scans | None = None) -> Rail:
    """The input rail of this name, not started yet.

    ``scans`` runs the scans of long texts; all rails of a process should share one.
    """
    make = RAILS[name].build
    if make is None:
        raise ValueError(f"the {name} rail reads no texts")
    return make(settings, scans or Scans())


def build_all(settings: Settings, *, models_only: bool = False) -> list[Rail]:
    """The input rails that at least one tenant has on, not started yet."""
    scans = Scans()
    return [
        build(settings, each.name, scans)
        for each in RAILS.values()
        if each.build and anywhere(settings, each.name)
        if each.loads_model or not models_only
    ]
