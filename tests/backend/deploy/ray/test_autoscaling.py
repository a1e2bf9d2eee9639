"""The policy as Serve's controller calls it, and what the settings make of each deployment."""

import logging
import time

import pytest
from ray.serve._private.autoscaling_state import DeploymentAutoscalingState
from ray.serve._private.common import (
    DeploymentID,
    ReplicaID,
    ReplicaMetricReport,
    TimeStampedValue,
)
from ray.serve._private.config import DeploymentConfig
from ray.serve._private.deployment_info import DeploymentInfo
from ray.serve.config import AutoscalingContext

from backend.deploy.ray.autoscaling import TokenPressure, generator_scaling, observed
from backend.errors import StartupFailed
from backend.settings import Autoscaling

GENERATOR = DeploymentID("generator", "glossator")
LIMITS = {"max_replicas": 4, "replica_tokens_per_s": 100.0, "target_use": 1.0}


def context(at_s, *, running=1, target=1, **told):
    """What the controller hands over; ``told`` by figure, a list with a value for each replica."""
    return AutoscalingContext(
        deployment_id=GENERATOR,
        deployment_name="generator",
        app_name="glossator",
        current_num_replicas=running,
        target_num_replicas=target,
        running_replicas=[],
        total_num_requests=0.0,
        total_queued_requests=0.0,
        aggregated_metrics={
            name: {f"replica {n}": value for n, value in enumerate(values)}
            for name, values in told.items()
        },
        raw_metrics={},
        capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=4,
        policy_state={},
        last_scale_up_time=None,
        last_scale_down_time=None,
        current_time=at_s,
        config=None,
    )


def test_replicas_tell_the_same_of_gateways_and_each_its_own_kv_cache():
    """One that has just started knows less, and must not pull the figures down."""
    seen = observed(
        context(7.0, running=2, target=3, waiting_tokens=[500, 0], queue_s=[2.0, 0.0],
                running_tokens=[100, 100], arrived_tokens_per_s=[9, 8], kv_use=[0.9, 0.1])
    )  # fmt: skip
    assert (seen.at_s, seen.running, seen.target) == (7.0, 2, 3)
    assert (seen.waiting_tokens, seen.queue_s, seen.running_tokens) == (500, 2.0, 100)
    assert (seen.arrived_tokens_per_s, seen.kv_use) == (9, 0.5)


def test_before_anybody_told_anything_there_is_nothing():
    seen = observed(context(0.0))
    assert (seen.waiting_tokens, seen.kv_use, seen.queue_s) == (0, 0, 0)


def test_it_looks_once_an_interval_and_keeps_the_target_in_between():
    policy = TokenPressure(2.0, LIMITS)
    loaded = {"arrived_tokens_per_s": [190.0]}
    assert policy(context(10.0, **loaded))[0] == 2
    assert policy(context(11.9, target=2))[0] == 2
    assert policy(context(11.95, target=1, **loaded))[0] == 1
    assert policy(context(12.0, target=1, **loaded))[0] == 2


def test_a_change_is_one_line_that_says_why(caplog, monkeypatch):
    # Serve's logger hands nothing on to its parents.
    monkeypatch.setattr(logging.getLogger("ray.serve"), "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, logger="ray.serve")
    policy = TokenPressure(1.0, LIMITS)
    policy(context(1.0, arrived_tokens_per_s=[50.0]))
    policy(context(2.0, arrived_tokens_per_s=[150.0], running_tokens=[30_000]))
    (line,) = caplog.messages
    assert line.startswith("generator: 1 -> 2 replicas. work: 0 tokens wait and 30,000 run")


def test_more_at_least_than_at_most_is_refused():
    with pytest.raises(StartupFailed, match="min_replicas = 5 is more than max_replicas = 2"):
        generator_scaling(Autoscaling(min_replicas=5, max_replicas=2), 1)


def test_the_settings_reach_the_policy(deployments):
    given = {"enabled": True, "min_replicas": 2, "max_replicas": 6, "kv_target": 0.5}
    built = deployments({"autoscaling": given, "ray": {"generator_replicas": 3}})
    config = built["generator"]._deployment_config.autoscaling_config
    assert (config.min_replicas, config.initial_replicas, config.max_replicas) == (2, 3, 6)
    assert config.policy.policy_kwargs["limits"]["kv_target"] == 0.5
    policy = config.policy.get_policy()(**config.policy.policy_kwargs)
    assert policy(context(1.0, running=2, target=2, kv_use=[0.7]))[0] == 3


def test_gateways_and_the_ledger_are_never_scaled(deployments):
    built = deployments({"autoscaling": {"enabled": True}})
    assert built["gateway"]._deployment_config.autoscaling_config is None
    assert built["ledger"]._deployment_config.autoscaling_config is None


def test_auxiliary_models_sleep_only_when_told_to(deployments):
    """Retriever and rails: down to none after the idle time, or never below what was set."""
    for idle_s, least in ((0.0, 2), (600.0, 0)):
        built = deployments({
            "autoscaling": {"enabled": True, "auxiliary_idle_s": idle_s,
                            "auxiliary_max_replicas": 5},
            "ray": {"retriever_replicas": 2, "rails_replicas": 2},
        })  # fmt: skip
        for name in ("retriever", "rail-pii", "rail-toxicity"):
            config = built[name]._deployment_config.autoscaling_config
            assert (config.min_replicas, config.initial_replicas) == (least, 2)
            assert config.max_replicas == 5
            assert config.downscale_to_zero_delay_s == (idle_s or None)


def test_without_autoscaling_there_are_as_many_as_the_settings_say(deployments):
    built = deployments({"ray": {"generator_replicas": 3}})
    assert built["generator"]._deployment_config.autoscaling_config is None
    assert built["generator"].num_replicas == 3


def test_serves_own_autoscaler_asks_for_what_the_policy_says(deployments):
    """The policy as Serve pickles, wraps and calls it, on reports as replicas send them."""
    built = deployments({"autoscaling": {
        "enabled": True, "replica_tokens_per_s": 100, "interval_s": 1e-9,
    }})["generator"]  # fmt: skip
    config = DeploymentConfig.from_proto(built._deployment_config.to_proto())
    state = DeploymentAutoscalingState(GENERATOR)
    info = DeploymentInfo(
        deployment_config=config, replica_config=built._replica_config,
        start_time_ms=0, deployer_job_id="",
    )  # fmt: skip
    assert state.register(info, 1) == 1
    replica = ReplicaID("one", GENERATOR)
    state.update_running_replica_ids([replica])
    assert state.get_decision_num_replicas(1) == 1
    now = time.time()
    figures = {"running_tokens": 9000.0, "waiting_tokens": 0.0, "kv_use": 0.1}
    state.record_request_metrics_for_replica(
        ReplicaMetricReport(
            replica_id=replica,
            timestamp=now,
            metrics={
                name: [TimeStampedValue(now - 1, value), TimeStampedValue(now, value)]
                for name, value in figures.items()
            },
        )
    )
    assert state.get_decision_num_replicas(1) == 2
