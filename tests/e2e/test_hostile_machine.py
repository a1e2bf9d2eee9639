"""A machine that runs out of what a server needs: it answers before, during and after.

Disks and limits are those of a namespace of the test's own (`unshare`), so nothing else suffers.
"""

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest

UNSHARED = ("unshare", "--user", "--map-root-user", "--mount")


def may_unshare():
    return shutil.which("unshare") and not subprocess.run([*UNSHARED, "true"]).returncode


pytestmark = pytest.mark.skipif(not may_unshare(), reason="this machine allows no namespaces")


@pytest.fixture
def start(start_backend, stop_backend):
    """As ``start_backend``, but stopped with the test: each of these has a machine of its own."""
    started = []

    def start(*options, **named):
        started.append(start_backend(*options, **named))
        return started[-1]

    yield start
    for backend in started:
        if backend.process.poll() is None:
            stop_backend(backend)


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "tides.md").write_text("# Tides\n\nThe harbour floods at spring tide.")
    return folder


@pytest.fixture
def config(tmp_path, docs):
    path = tmp_path / "glossator.toml"
    path.write_text(
        f"[generation]\nengine = 'extractive'\n[rails.toxicity]\naction = 'off'\n"
        f"[retrieval]\nbudget_ms = 10000\n"
        f"[sources.handbook]\nkind = 'folder'\nuri = '{docs}'\nfollow = true\n"
    )
    return path


def cited(backend, question):
    """The titles of what is cited."""
    body = json.dumps({"messages": [{"role": "user", "content": question}]}).encode()
    request = urllib.request.Request(
        backend.url + "/v1/chat/completions", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return [each["title"] for each in json.load(response)["citations"]]


def degraded(backend):
    return " ".join(json.loads(backend.get("/readyz"))["degraded"])


def fill(disk):
    """Writes until the disk takes no more."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                pass


async def test_a_full_disk_ends_nothing_and_heals(start, tmp_path, docs, config):
    """What changed while the disk was full is indexed once there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=64m tmpfs {disk} && exec "$@"'
    backend = start("--data", str(disk), "--config", str(config),
                            inside=(*UNSHARED, "sh", "-c", script, "sh"))  # fmt: skip
    await backend.until(lambda: cited(backend, "when does the harbour flood?"), "indexed")

    seen = Path(f"/proc/{backend.process.pid}/root{disk}")  # the server's view of its disk
    fill(seen)
    (docs / "lamps.md").write_text("# Lamps\n\nThe lighthouse burns whale oil.")
    await backend.until(lambda: "handbook was not indexed" in degraded(backend), "said so")
    assert "Tides" in cited(backend, "when does the harbour flood?")
    assert backend.get("/healthz") == "ok\n"

    (seen / "filler").unlink()
    (docs / "ropes.md").write_text("# Ropes\n\nHemp ropes rot in salt water.")
    await backend.until(lambda: "Lamps" in cited(backend, "what does the lighthouse burn?"), "late")
    await backend.until(lambda: not degraded(backend), "well again")
    assert backend.process.poll() is None


async def test_without_inotify_folders_are_looked_at(start, tmp_path, docs, config):
    script = 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$@"'
    backend = start("--data", str(tmp_path / "data"), "--config", str(config),
                            inside=(*UNSHARED, "sh", "-c", script, "sh"))  # fmt: skip
    await backend.until(lambda: cited(backend, "when does the harbour flood?"), "indexed")
    (docs / "lamps.md").write_text("# Lamps\n\nThe lighthouse burns whale oil.")
    await backend.until(lambda: "Lamps" in cited(backend, "what does the lighthouse burn?"), "seen")
    assert "no watch" in backend.log.read_text()


@pytest.mark.parametrize("name", ["catalog.db", "chroma/chroma.sqlite3", "index.json"])
async def test_a_damaged_index_is_replaced_and_declared_sources_come_back(
    start, stop_backend, tmp_path, config, name
):
    data = tmp_path / "data"
    options = ("--data", str(data), "--config", str(config))
    backend = start(*options)
    await backend.until(lambda: cited(backend, "when does the harbour flood?"), "indexed")
    stop_backend(backend)
    (data / "index" / name).write_bytes(b"not what it was" * 1000)

    backend = start(*options)
    assert "is kept as" in degraded(backend)
    await backend.until(lambda: cited(backend, "when does the harbour flood?"), "indexed again")
    assert list(data.glob("index.damaged-*"))
