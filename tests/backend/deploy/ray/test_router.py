"""Ray Serve's request router for the generator; of replicas it sees names and statistics."""

from dataclasses import dataclass, field

import pytest
from ray.serve._private.common import (
    DeploymentHandleSource,
    DeploymentID,
    ReplicaID,
    RequestMetadata,
)
from ray.serve.config import RequestRouterConfig
from ray.serve.request_router import PendingRequest

from backend.deploy.ray.router import PrefixRouter
from backend.deploy.ray.routing import TOKENS, Wanted
from backend.ports import Message, Prompt

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
    """As Serve makes it: of a class that was pickled by value."""
    config = RequestRouterConfig(request_router_class=PrefixRouter)
    router = config.get_request_router_class()(GENERATOR, DeploymentHandleSource.REPLICA)
    router.initialize_state()
    return router


async def order(router, replicas, *arguments):
    request = PendingRequest(list(arguments), {}, RequestMetadata("r", "r"))
    ranks = await router.choose_replicas(replicas, request)
    return [each.replica_id.unique_id for [each] in ranks]


async def test_a_conversation_stays_with_the_replica_that_has_read_it(router, replicas):
    first = (await order(router, replicas, Wanted(PROMPT, {})))[0]
    longer = Prompt((*PROMPT.messages, Message("assistant", "a list"), Message("user", "why?")))
    for _ in range(10):  # equals are in another order each time
        best = await order(router, replicas, Wanted(longer, {}))
        assert best[0] == first
        assert set(best) == set("abc")


async def test_what_other_gateways_sent_counts_as_load(router, replicas):
    await order(router, replicas[1:2], Wanted(PROMPT, {}))
    replicas[1].routing_stats[TOKENS] = 50_000
    assert (await order(router, replicas, Wanted(PROMPT, {})))[-1] == "b"


async def test_what_this_gateway_has_under_way_counts_at_once(router, replicas):
    assert (await order(router, replicas, Wanted(PROMPT, {"a": 50_000})))[-1] == "a"


async def test_a_replica_that_took_nothing_is_passed_over_unless_it_is_the_only_one(
    router, replicas
):
    await order(router, replicas[1:2], Wanted(PROMPT, {}))
    assert "b" not in await order(router, replicas, Wanted(PROMPT, {}, {"b"}))
    assert await order(router, replicas[1:2], Wanted(PROMPT, {}, {"b"})) == ["b"]


async def test_a_dead_replica_is_preferred_by_nobody(router, replicas):
    await order(router, replicas[:1], Wanted(PROMPT, {}))
    assert router._prefixes.known(PROMPT)
    router.on_replica_actor_died(replicas[0].replica_id)
    assert router._prefixes.known(PROMPT) == {}


async def test_calls_without_a_prompt_go_to_any(router, replicas):
    request = PendingRequest([], {}, RequestMetadata("r", "r"))
    [ranks] = await router.choose_replicas(replicas, request)
    assert {each.replica_id.unique_id for each in ranks} == set("abc")
