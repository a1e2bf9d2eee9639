"""``routing`` as a request router of Ray Serve, one in each gateway replica.

Serve calls it on the event loop of the gateway, and asks each generator replica every second for
its ``record_routing_stats``: what other gateways have sent there.
"""

import random

from ray.serve.request_router import PendingRequest, ReplicaID, RequestRouter, RunningReplica

from backend.deploy.routing import TOKENS, Prefixes, ranked, work
from backend.ports import Prompt, Sampling

STATS_PERIOD_S = 1.0


class PrefixRouter(RequestRouter):  # type: ignore[misc]
    """To the replica that has read the most of the prompt, unless its token load forbids.

    Serve's own checks stay: a replica that is full or does not answer is passed over, and the
    next best is tried.
    """

    def initialize_state(self, **_: object) -> None:
        self._prefixes = Prefixes()
        # By replica and request: what this gateway has under way there.
        self._sent: dict[ReplicaID, dict[str, int]] = {}

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        replicas = {str(each.replica_id): each for each in candidate_replicas}
        names = random.sample(list(replicas), len(replicas))
        if pending_request is None or (asked := _asked(pending_request)) is None:
            return [[replicas[name] for name in names]]
        load = {name: self._load(replicas[name]) for name in names}
        best = ranked(names, self._prefixes.known(asked[0]), load)
        return [[replicas[name]] for name in best]

    def on_request_routed(
        self, pending_request: PendingRequest, replica_id: ReplicaID, result: object
    ) -> None:
        if asked := _asked(pending_request):
            self._prefixes.read(asked[0], str(replica_id))
            sent = self._sent.setdefault(replica_id, {})
            sent[pending_request.metadata.internal_request_id] = work(*asked)

    def on_request_completed(self, replica_id: ReplicaID, internal_request_id: str) -> None:
        self._sent.get(replica_id, {}).pop(internal_request_id, None)

    def update_replicas(self, replicas: list[RunningReplica]) -> None:
        for gone in set(self._sent) - {each.replica_id for each in replicas}:
            self._forget(gone)
        super().update_replicas(replicas)

    def on_replica_actor_died(self, replica_id: ReplicaID) -> None:
        self._forget(replica_id)
        super().on_replica_actor_died(replica_id)

    def _forget(self, replica_id: ReplicaID) -> None:
        self._sent.pop(replica_id, None)
        self._prefixes.forget(str(replica_id))

    def _load(self, replica: RunningReplica) -> int:
        """Its own count holds what every gateway sent, ours what it has not counted yet."""
        ours = sum(self._sent.get(replica.replica_id, {}).values())
        return max(ours, int(replica.routing_stats.get(TOKENS, 0)))


def _asked(request: PendingRequest) -> tuple[Prompt, Sampling | None] | None:
    """The prompt of a ``stream`` or a ``warm``; None for a call that any replica can answer."""
    match request.args:
        case [Prompt() as prompt, Sampling() as sampling, *_]:
            return prompt, sampling
        case [Prompt() as prompt]:
            return prompt, None
        case _:
            return None
