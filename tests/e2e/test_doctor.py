"""`glossator doctor` beside a running backend with tokens and TLS, and on a full disk."""

import json
import shutil
import subprocess

import pytest

from tests.fixtures.certificates import Authority

UNSHARED = ("unshare", "--user", "--map-root-user", "--mount")


def findings(done):
    return {each["check"]: each for each in json.loads(done.stdout)["findings"]}


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """Settings with a certificate and tokens, and the authority that signed the certificate."""
    folder = tmp_path_factory.mktemp("installation")
    authority = Authority(folder)
    chain, key = authority.issue("localhost")
    path = folder / "glossator.toml"
    path.write_text(
        f"[server]\nhost = 'localhost'\nport = 0\ntls_certificate = '{chain}'\ntls_key = '{key}'\n"
        f"hosts = ['localhost']\n[auth]\ntokens = '{folder / 'tokens.json'}'\n"
        "[generation]\nengine = 'extractive'\n[rails.toxicity]\naction = 'off'\n"
    )
    return path, authority.file


@pytest.fixture(scope="module")
def server(start_backend, own_data, installation):
    return start_backend("--data", str(own_data), "--config", str(installation[0]))


@pytest.fixture
def doctor(run_glossator, server, own_data, installation):
    config, authority = installation

    def run(*options, token="", ca=authority):
        made = run_glossator("token", "create", "ada", "--config", str(config)).stdout.strip()
        given = ("--ca", str(ca), "--token", token or made)
        return run_glossator(
            "doctor", "--json", "--config", str(config), "--data", str(own_data),
            "--url", server.url.replace("127.0.0.1", "localhost"), *given, *options,
        )  # fmt: skip

    return run


def test_a_running_backend_is_well(doctor):
    done = doctor()
    assert done.returncode == 0, done.stdout + done.stderr
    found = findings(done)
    for check in ("backend", "ready", "certificate", "tokens", "clock", "index", "embedder"):
        assert found[check]["state"] == "ok", found[check]
    assert "/healthz" in found["clock"]["said"]


def test_a_wrong_token_is_told_with_the_backends_words(doctor):
    done = doctor(token="gls_00000000_zzz")
    assert done.returncode == 1
    assert "refused the token" in findings(done)["backend"]["said"]


def test_a_wrong_authority_is_told_for_the_backend_and_for_the_certificate(doctor, tmp_path):
    done = doctor(ca=Authority(tmp_path, "other").file)
    assert done.returncode == 1
    found = findings(done)
    for check in ("backend", "certificate"):
        assert found[check]["state"] == "wrong"
        assert "--ca" in found[check]["todo"]


def test_a_full_disk_is_wrong(tmp_path):
    """A real one of a megabyte, in a namespace of the test's own, filled to the last byte."""
    if not shutil.which("unshare") or subprocess.run([*UNSHARED, "true"]).returncode:
        pytest.skip("this machine allows no namespaces")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (f"mount -t tmpfs -o size=1m tmpfs {disk} && cat /dev/zero > {disk}/filler; "
              'exec "$@"')  # fmt: skip
    from tests.e2e.conftest import GLOSSATOR

    done = subprocess.run(
        [*UNSHARED, "sh", "-c", script, "sh", *GLOSSATOR, "doctor", "--json", "--data", str(disk)],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    found = findings(done)["disk"]
    assert "No space left on device" in found["said"]
    assert "--data" in found["todo"]
