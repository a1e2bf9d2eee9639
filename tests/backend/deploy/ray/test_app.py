"""What the settings make of the deployments on Ray Serve."""

import pytest


def test_fractions_of_gpus_reach_every_deployment(deployments):
    """The generator, the embedder and each rail are placed with the fraction of their setting."""
    built = deployments({
        "ray": {"generator_gpus": 0.7, "retriever_gpus": 0.2, "rails_gpus": 0.05,
                "generator_cpus": 3, "retriever_cpus": 2, "rails_cpus": 0.5},
    })  # fmt: skip
    actors = {name: deployment.ray_actor_options for name, deployment in built.items()}
    assert actors["generator"] == {"num_cpus": 3, "num_gpus": 0.7}
    assert actors["retriever"] == {"num_cpus": 2, "num_gpus": 0.2}
    assert actors["rail-pii"] == actors["rail-toxicity"] == {"num_cpus": 0.5, "num_gpus": 0.05}
    assert actors["gateway"]["num_gpus"] == 0


@pytest.mark.parametrize(("profile", "gpus"), [("laptop-cpu", 0), ("one-gpu", 1), ("cluster", 2)])
def test_a_profile_needs_the_gpus_it_is_meant_for(profile, gpus, deployments):
    """One replica of everything in `one-gpu` fits one GPU; `cluster` adds one for small models."""
    built = deployments({"profile": {"name": profile}})
    needed = sum(
        deployment.ray_actor_options["num_gpus"] * (deployment.num_replicas or 1)
        for deployment in built.values()
    )
    assert needed == pytest.approx(gpus)


def test_a_rail_that_is_off_takes_no_place(deployments):
    built = deployments({"rails": {"toxicity": {"action": "off"}}})
    assert "rail-toxicity" not in built
    assert "rail-pii" in built
