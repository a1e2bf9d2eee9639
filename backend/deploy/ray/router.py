"""``routing`` as a request router of Ray Serve, one in each gateway replica.

Serve calls it on the event loop of the gateway. Every second it asks each generator replica for its
``record_routing_stats``: how much other gateways have sent there. Serve pickles this module by
value, so a class that callers make instances of must be in another module to stay the same class.
"""

import random

from ray.serve.request_router import PendingRequest, ReplicaID, RequestRouter, RunningReplica

from backend.deploy.ray.routing import TOKENS, Prefixes, Wanted, ranked

STATS_PERIOD_S = 1.0


class PrefixRouter(RequestRouter):  # type: ignore[misc]
    """Chooses the replica that has read the most of the prompt, unless it has too much to do.

    It only chooses; streams go past Serve to the replica (``backend.deploy.ray.direct``).
    """

    def initialize_state(self, **_: object) -> None:
        self._prefixes = Prefixes()

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        replicas = {each.replica_id.unique_id: each for each in candidate_replicas}
        names = random.sample(list(replicas), len(replicas))
        if pending_request is None or not (wanted := _wanted(pending_request)):
            return [[replicas[name] for name in names]]
        names = [name for name in names if name not in wanted.avoided] or names
        # A replica counts what all gateways sent; our count has what it does not know yet.
        load = {
            name: max(
                wanted.under_way.get(name, 0), int(replicas[name].routing_stats.get(TOKENS, 0))
            )
            for name in names
        }
        best = ranked(names, self._prefixes.known(wanted.prompt), load)
        self._prefixes.read(wanted.prompt, best[0])
        return [[replicas[name]] for name in best]

    def update_replicas(self, replicas: list[RunningReplica]) -> None:
        staying = {each.replica_id for each in replicas}
        for gone in self._replica_id_set - staying:
            self._prefixes.forget(gone.unique_id)
        super().update_replicas(replicas)

    def on_replica_actor_died(self, replica_id: ReplicaID) -> None:
        self._prefixes.forget(replica_id.unique_id)
        super().on_replica_actor_died(replica_id)


def _wanted(request: PendingRequest) -> Wanted | None:
    """The wish of a call; None if any replica can answer it."""
    match request.args:
        case [Wanted() as wanted]:
            return wanted
        case _:
            return None
