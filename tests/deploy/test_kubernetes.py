"""The manifests, against the schemas of who reads them: Kubernetes, KubeRay, Ray Serve, us.

``rayservice.v1.schema.json`` is KubeRay's own (ray-project/kuberay, Apache-2.0), without its
descriptions and its copy of the pod template, which is checked as a pod.
"""

import importlib
import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from backend.settings import load

DEPLOY = Path(__file__).parents[2] / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
ONE_GPU = DEPLOY / "kubernetes" / "overlays" / "one-gpu"
SPOT = DEPLOY / "kubernetes" / "overlays" / "spot"
# Kinds that Kubernetes itself does not know.
OPERATORS = {"RayService", "PodMonitor", "PrometheusRule"}


def rendered(folder: Path) -> list[dict]:
    """What `kubectl apply -k` would send."""
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def files(folder: Path) -> list[dict]:
    resources = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    names = [name for name in resources if name.endswith(".yaml")]
    return [each for name in names for each in yaml.safe_load_all((folder / name).read_text())]


needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl to render with")


@pytest.fixture(
    params=[
        pytest.param((files, BASE), id="files"),
        pytest.param((rendered, BASE), id="base", marks=needs_kubectl),
        pytest.param((rendered, ONE_GPU), id="one-gpu", marks=needs_kubectl),
        pytest.param((rendered, SPOT), id="spot", marks=needs_kubectl),
    ]
)
def manifests(request) -> list[dict]:
    read, folder = request.param
    return read(folder)


def one(manifests: list[dict], kind: str) -> dict:
    (found,) = (each for each in manifests if each["kind"] == kind)
    return found


def test_kubernetes_takes_every_manifest(manifests):
    for manifest in manifests:
        if manifest["kind"] not in OPERATORS:
            kubernetes_validate.validate(manifest, "1.33", strict=True)


def test_kuberay_takes_the_service_and_kubernetes_its_pods(manifests):
    service = one(manifests, "RayService")
    schema = json.loads((Path(__file__).parent / "rayservice.v1.schema.json").read_text())
    jsonschema.validate(service, closed(schema))
    cluster = service["spec"]["rayClusterConfig"]
    for group in [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, **group["template"]}
        kubernetes_validate.validate(pod, "1.33", strict=True)


def closed(schema: dict) -> dict:
    """The API server refuses fields that it does not know; JSON schema has to be told to."""
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    parts = [*schema.get("properties", {}).values(), schema.get("items")]
    for part in filter(None, parts):
        if not part.get("x-kubernetes-preserve-unknown-fields"):
            closed(part)
    return schema


def test_serve_takes_the_application_and_finds_it(manifests):
    """``import_path`` is there and takes these arguments."""
    config = yaml.safe_load(one(manifests, "RayService")["spec"]["serveConfigV2"])
    (application,) = ServeDeploySchema.model_validate(config).applications
    module, _, name = application.import_path.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    mounted = {
        mount["mountPath"]
        for group in one(manifests, "RayService")["spec"]["rayClusterConfig"]["workerGroupSpecs"]
        for container in group["template"]["spec"]["containers"]
        for mount in container["volumeMounts"]
    }
    assert set(application.args.values()) <= mounted


@pytest.mark.parametrize("folder", [BASE, ONE_GPU, SPOT], ids=["base", "one-gpu", "spot"])
def test_the_backend_answers_to_the_names_of_its_ingress(folder):
    ingress = one(files(BASE), "Ingress")
    names = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert names <= set(load(folder / "glossator.toml", {}).server.hosts)


@pytest.mark.parametrize("folder", [BASE, ONE_GPU, SPOT], ids=["base", "one-gpu", "spot"])
def test_the_settings_are_ours(folder):
    settings = load(folder / "glossator.toml", {})
    assert settings.auth.tokens
    assert settings.ray.generator_gpus > 0.5


def test_the_runtime_is_the_locked_one(manifests):
    import ray

    cluster = one(manifests, "RayService")["spec"]["rayClusterConfig"]
    assert cluster["rayVersion"] == ray.__version__
    environment = cluster["headGroupSpec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "RAY_SERVE_ENABLE_HA_PROXY", "value": "1"} in environment


def test_the_application_is_built_from_its_arguments(tmp_path):
    """As KubeRay will: no cluster is needed to bind the graph."""
    from backend.deploy.ray.serve_app import build
    from backend.errors import StartupFailed

    config = tmp_path / "glossator.toml"
    config.write_text("[generation]\nengine = 'extractive'\n")
    bound = build({"config": str(config), "data": str(tmp_path)})
    assert bound._bound_deployment.name == "gateway"
    with pytest.raises(StartupFailed, match="data"):
        build({})
