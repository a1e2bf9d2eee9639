"""What no schema checks: that on a cluster the pods would start, find everything, and fit.

The manifests are rendered as `kubectl apply -k` would send them. No API server is asked, so what an
admission controller or KubeRay itself would say remains unproven.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.deploy.addresses import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
FOLDERS = {
    "base": DEPLOY / "kubernetes" / "base",
    "one-gpu": DEPLOY / "kubernetes" / "overlays" / "one-gpu",
    "spot": DEPLOY / "kubernetes" / "overlays" / "spot",
}
BY_HAND = {"glossator", "glossator-tls"}  # secrets that the runbook has the operator make
BY_KUBERAY = {"glossator-serve-svc"}  # services that KubeRay makes for a RayService
KUBERAY_LABELS = {"ray.io/is-ray-node": "yes"}

pytestmark = pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl to render with")


@pytest.fixture(scope="module", params=FOLDERS)
def manifests(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["kubectl", "kustomize", FOLDERS[request.param]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of(manifests: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def pods(manifests: list[dict[str, Any]]) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """Labels and specification of every pod that the manifests make."""
    for each in manifests:
        if each["kind"] == "RayService":
            cluster = each["spec"]["rayClusterConfig"]
            yield (
                KUBERAY_LABELS | {"ray.io/node-type": "head"},
                cluster["headGroupSpec"]["template"]["spec"],
            )
            for group in cluster["workerGroupSpecs"]:
                labels = {"ray.io/node-type": "worker", "ray.io/group": group["groupName"]}
                yield KUBERAY_LABELS | labels, group["template"]["spec"]
        elif each["kind"] == "CronJob":
            template = each["spec"]["jobTemplate"]["spec"]["template"]
            yield template.get("metadata", {}).get("labels", {}), template["spec"]
        elif each["kind"] == "StatefulSet":
            template = each["spec"]["template"]
            claims = [
                {"name": claim["metadata"]["name"], "persistentVolumeClaim": None}
                for claim in each["spec"]["volumeClaimTemplates"]
            ]
            volumes = [*template["spec"].get("volumes", ()), *claims]
            yield template["metadata"]["labels"], template["spec"] | {"volumes": volumes}


def test_every_volume_is_there_with_every_key_that_is_mounted(
    manifests: list[dict[str, Any]],
) -> None:
    settings, claims = of(manifests, "ConfigMap"), of(manifests, "PersistentVolumeClaim")
    for _, pod in pods(manifests):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for volume in volumes.values():
            if "configMap" in volume:
                assert volume["configMap"]["name"] in settings
            if volume.get("persistentVolumeClaim"):
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            if "secret" in volume:
                assert volume["secret"]["secretName"] in BY_HAND
        for container in pod["containers"]:
            for mount in container["volumeMounts"]:
                volume = volumes[mount["name"]]
                if "subPath" in mount:
                    assert mount["subPath"] in settings[volume["configMap"]["name"]]["data"]


def test_other_settings_make_other_pods(manifests: list[dict[str, Any]]) -> None:
    """The name of the settings ends in a hash of them, and pods name them so."""
    for _, pod in pods(manifests):
        for volume in pod["volumes"]:
            if "configMap" in volume:
                assert volume["configMap"]["name"].startswith("glossator-settings-")


def test_every_selector_finds_pods_and_every_port_is_open(manifests: list[dict[str, Any]]) -> None:
    known = list(pods(manifests))

    def found(selector: dict[str, str]) -> list[dict[str, Any]]:
        return [pod for labels, pod in known if selector.items() <= labels.items()]

    for service in of(manifests, "Service").values():
        (pod,) = found(service["spec"]["selector"])
        names = {port["name"] for each in pod["containers"] for port in each["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names
    for kind in ("NetworkPolicy", "PodDisruptionBudget"):
        for each in of(manifests, kind).values():
            spec = each["spec"]
            selector = spec.get("podSelector") or spec.get("selector") or {}
            assert found(selector.get("matchLabels", {}))
    services = BY_KUBERAY | of(manifests, "Service").keys()
    for ingress in of(manifests, "Ingress").values():
        text = json.dumps(ingress["spec"]["rules"])
        assert any(f'"name": "{name}"' in text for name in services)


def test_chroma_is_reached_from_this_namespace_alone(manifests: list[dict[str, Any]]) -> None:
    """It asks nobody who they are."""
    for policy in of(manifests, "NetworkPolicy").values():
        chosen = policy["spec"]["podSelector"].get("matchLabels", {})
        if not chosen or chosen.get("app.kubernetes.io/name") == "chroma":
            for rule in policy["spec"].get("ingress", ()):
                assert rule["from"] == [{"podSelector": {}}]


def test_pods_keep_to_the_restricted_profile(manifests: list[dict[str, Any]]) -> None:
    (namespace,) = of(manifests, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for _, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}


def demands(folder: Path, tmp_path: Path) -> dict[str, tuple[int, int, dict[str, float]]]:
    """Fewest and most replicas of each deployment, and what one reserves: the real application."""
    from backend.deploy.ray.serve_app import build

    arguments = {"config": str(folder / "glossator.toml"), "data": str(tmp_path)}
    found: dict[str, tuple[int, int, dict[str, float]]] = {}

    def look(part: Any) -> None:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list | tuple):
            for each in part:
                look(each)
        elif deployment := getattr(part, "_bound_deployment", None):
            scaling = deployment._deployment_config.autoscaling_config
            few, many = (
                (scaling.min_replicas, scaling.max_replicas)
                if scaling
                else (deployment.num_replicas, deployment.num_replicas)
            )
            found[deployment.name] = (few, many, deployment.ray_actor_options)
            look([*deployment.init_args, *deployment.init_kwargs.values()])

    look(build(arguments))
    return found


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("most", [False, True], ids=["at-start", "at-most"])
def test_what_the_deployments_reserve_fits_the_workers(
    name: str, most: bool, tmp_path: Path
) -> None:
    """First those with the largest share of a GPU, each on the fullest worker that has room."""
    done = subprocess.run(["kubectl", "kustomize", FOLDERS[name]], capture_output=True, text=True)
    (service,) = of(list(yaml.safe_load_all(done.stdout)), "RayService").values()
    workers: list[dict[str, float]] = []
    for group in service["spec"]["rayClusterConfig"]["workerGroupSpecs"]:
        (container,) = group["template"]["spec"]["containers"]
        asks = container["resources"]["requests"]
        has = {"num_cpus": float(asks["cpu"]), "num_gpus": float(asks.get("nvidia.com/gpu", 0))}
        workers += [dict(has) for _ in range(group["maxReplicas" if most else "minReplicas"])]
    replicas = [
        (deployment, reserved)
        for deployment, (few, many, reserved) in demands(FOLDERS[name], tmp_path).items()
        for _ in range(many if most else few)
    ]
    replicas.sort(key=lambda each: (-each[1]["num_gpus"], -each[1]["num_cpus"]))
    for deployment, reserved in replicas:
        room = [
            each for each in workers if all(each[what] >= reserved[what] - 1e-9 for what in each)
        ]
        assert room, f"{deployment} finds no worker with {reserved}: left are {workers}"
        fullest = min(room, key=lambda each: (each["num_gpus"], each["num_cpus"]))
        for what in fullest:
            fullest[what] -= reserved[what]


def test_the_job_indexes_what_is_declared(tmp_path: Path) -> None:
    """Its own command line, with its own settings but for the vector store and a smaller source."""
    done = subprocess.run(
        ["kubectl", "kustomize", FOLDERS["base"]], capture_output=True, text=True, check=True
    )
    manifests = list(yaml.safe_load_all(done.stdout))
    (job,) = of(manifests, "CronJob").values()
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    settings = (FOLDERS["base"] / "glossator.toml").read_text()
    settings = settings.replace('chroma_url = "http://chroma:8000"', "")
    config = tmp_path / "glossator.toml"
    config.write_text(settings.replace('uri = "numpy"', 'uri = "numpy.fft"'))
    places = {"/etc/glossator/glossator.toml": str(config), "/var/lib/glossator": str(tmp_path)}
    arguments = [places.get(each, each) for each in container["args"]]
    ran = subprocess.run(
        [sys.executable, "-m", "glossator", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path),
             "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "numpy: " in ran.stderr


def test_chroma_takes_its_command_line(tmp_path: Path, manifests: list[dict[str, Any]]) -> None:
    """Started for real until it answers the probe that the manifest names."""
    (chroma,) = of(manifests, "StatefulSet").values()
    (container,) = chroma["spec"]["template"]["spec"]["containers"]
    port = str(free_port())
    places = {"0.0.0.0": "127.0.0.1", "8000": port, "/data": str(tmp_path)}
    command = [places.get(each, each) for each in container["command"]]
    command[0] = str(Path(sys.executable).with_name("chroma"))
    probe = container["readinessProbe"]["httpGet"]["path"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        try:
            ends = time.monotonic() + 60
            while time.monotonic() < ends:
                assert started.poll() is None, f"{command} ended"
                with (
                    suppress(OSError),
                    urllib.request.urlopen(f"http://127.0.0.1:{port}{probe}", timeout=2) as got,
                ):
                    assert got.status == 200
                    return
                time.sleep(0.1)  # a process that starts announces itself to nobody
        finally:
            started.terminate()
    raise AssertionError("Chroma does not answer its probe")


def test_the_alerts_of_the_operator_are_those_of_prometheus(
    manifests: list[dict[str, Any]],
) -> None:
    (rule,) = of(manifests, "PrometheusRule").values()
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    assert rule["spec"] == rules
    assert "slo.json" in of(manifests, "ConfigMap")["glossator-dashboards"]["data"]
