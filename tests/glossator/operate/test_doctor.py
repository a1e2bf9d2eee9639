"""`glossator doctor`: a line for each check, what to do for each that is not well, an exit code.

The embedder stands behind its port, because its weights take seconds to load; all else is real.
"""

import json

import pytest
from click.testing import CliRunner

from backend.deploy import build
from backend.deploy.checks import examine, machine, speed
from glossator.cli import cli

QUIET = "[generation]\nengine = 'extractive'\n[rails.toxicity]\naction = 'off'\n"


@pytest.fixture
def doctor(tmp_path, monkeypatch, word_embedder):
    """``doctor(settings, *options)`` on a machine without a GPU: the exit code and the findings."""
    monkeypatch.setenv("SSL_CERT_FILE", "")  # the option --ca sets it for the process
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    for module in (machine, examine, speed):
        monkeypatch.setattr(module, "device", lambda wanted: "cpu")
    monkeypatch.setattr(machine, "cards", list)
    monkeypatch.setattr(build, "embedder", lambda retrieval: word_embedder)
    config = tmp_path / "glossator.toml"

    def run(settings, *options):
        config.write_text(settings)
        command = ["doctor", "--config", str(config), "--data", str(tmp_path / "data")]
        done = CliRunner().invoke(cli, [*command, *options, "--json"])
        said = json.loads(done.stdout)
        for each in said["findings"]:
            assert each["state"] in ("ok", "warning", "wrong", "unchecked")
            assert bool(each["todo"]) == (each["state"] in ("warning", "wrong")), each
        assert sum(said["counts"].values()) == len(said["findings"])
        return done.exit_code, {each["check"]: each for each in said["findings"]}

    return run


def test_warnings_alone_are_no_failure(doctor):
    code, found = doctor(QUIET)
    assert code == 0
    assert found["index"]["state"] == "warning"
    for check in ("settings", "processor", "gpu", "memory", "disk", "open files", "generator",
                  "speed", "embedder", "index", "rail pii", "port", "certificate", "sign-in",
                  "clock"):  # fmt: skip
        assert check in found


def test_what_is_wrong_fails(doctor):
    code, found = doctor(
        "[profile]\nname = 'one-gpu'\n[generation]\nengine = 'vllm'\nmodel = '/x/y/z'\n"
        "[rails.toxicity]\naction = 'off'\n[sources.a]\nkind = 'folder'\nuri = '/none'\n"
    )
    assert code == 1
    for check, state in (("gpu", "wrong"), ("generator", "wrong"), ("source", "warning")):
        assert found[check]["state"] == state


def test_mistakes_in_the_settings_are_told_and_the_machine_is_checked_all_the_same(doctor):
    code, found = doctor("[server]\nport = 'no'\n[nonsense]\n")
    assert code == 1
    assert found["settings"]["state"] == "wrong"
    assert "[nonsense]" in found["settings"]["said"]
    assert found["disk"]["state"] == "ok"


def test_an_engine_that_lacks_its_model_is_wrong(doctor):
    code, found = doctor("[generation]\nengine = 'vllm'\n[rails.toxicity]\naction = 'off'\n")
    assert (code, found["generator"]["state"]) == (1, "wrong")


def test_people_get_a_line_for_each_check_and_one_below_it_with_what_to_do(doctor, tmp_path):
    doctor(QUIET)
    done = CliRunner().invoke(
        cli, ["doctor", "--config", str(tmp_path / "glossator.toml"), "--data", str(tmp_path)]
    )
    lines = done.stdout.splitlines()
    assert any(line.startswith("ok         port") for line in lines)
    (at,) = [number for number, line in enumerate(lines) if line.startswith("warning    index")]
    assert "→ Make one with `glossator index run`" in lines[at + 1]
    assert lines[-1].startswith("0 wrong, ")


def test_a_backend_that_is_not_there_is_wrong(doctor):
    code, found = doctor(QUIET, "--url", "http://127.0.0.1:9")
    assert code == 1
    assert "glossator serve" in found["backend"]["todo"]
