"""Ray Serve's request router for the generator; of replicas it sees names and statistics."""

from dataclasses import dataclass, field

import pytest
from ray.serve._private.common import (
    DeploymentHandleSource,
    DeploymentID,
    ReplicaID,
    RequestMetadata,
)
from ray.serve.request_router import PendingRequest

from backend.deploy.router import PrefixRouter
from backend.deploy.routing import TOKENS
from backend.ports import Message, Prompt, Sampling

GENERATOR = DeploymentID("generator", "glossator")
PROMPT = Prompt((Message("system", "a file " * 500), Message("user", "what is it?")))


@dataclass
class Replica:
    replica_id: ReplicaID
    routing_stats: dict[str, int] = field(default_factory=dict)


@pytest.fixture
def replicas():
    return [Replica(ReplicaID(name, GENERATOR)) for name in "abc"]


@pytest.fixture
def router():
    router = PrefixRouter(GENERATOR, DeploymentHandleSource.REPLICA)
    router.initialize_state()
    return router


async def asked(*arguments, name="r"):
    return PendingRequest(list(arguments), {}, RequestMetadata(name, name))


async def order(router, replicas, request):
    return [each.replica_id for [each] in await router.choose_replicas(replicas, request)]


async def test_a_question_follows_the_warm_up_of_its_prefix(router, replicas):
    warm = await asked(PROMPT, name="warm")
    router.on_request_routed(warm, replicas[1].replica_id, None)
    router.on_request_completed(replicas[1].replica_id, "warm")

    best = await order(router, replicas, await asked(PROMPT, Sampling(), "id"))
    assert best[0] == replicas[1].replica_id
    assert set(best) == {each.replica_id for each in replicas}  # should the first be full


async def test_what_other_gateways_sent_counts_as_load(router, replicas):
    router.on_request_routed(await asked(PROMPT), replicas[1].replica_id, None)
    replicas[1].routing_stats[TOKENS] = 50_000

    best = await order(router, replicas, await asked(PROMPT, Sampling(), "id"))
    assert best[-1] == replicas[1].replica_id


async def test_load_is_gone_with_its_request(router, replicas):
    request = await asked(PROMPT, Sampling(max_tokens=50_000), "id")
    router.on_request_routed(request, replicas[0].replica_id, None)
    assert (await order(router, replicas, request))[-1] == replicas[0].replica_id

    router.on_request_completed(replicas[0].replica_id, "r")
    assert (await order(router, replicas, request))[0] == replicas[0].replica_id


async def test_a_dead_replica_is_preferred_by_nobody(router, replicas):
    router.on_request_routed(await asked(PROMPT, Sampling(), "id"), replicas[0].replica_id, None)
    router.on_replica_actor_died(replicas[0].replica_id)

    assert router._prefixes.known(PROMPT) == {}


async def test_calls_without_a_prompt_go_to_any(router, replicas):
    [ranks] = await router.choose_replicas(replicas, await asked())
    assert {each.replica_id for each in ranks} == {each.replica_id for each in replicas}
