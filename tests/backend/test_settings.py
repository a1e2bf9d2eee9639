"""Settings: every one documented, overridable in order, and wrong ones named."""

from pathlib import Path

import msgspec
import pytest

from backend import settings
from backend.errors import StartupFailed
from backend.settings import profile
from backend.settings import reference as settings_reference

SECTIONS = dict(settings_reference.sections())
DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_says_what_it_means(section):
    assert SECTIONS[section].__doc__
    for field in msgspec.structs.fields(SECTIONS[section]):
        assert settings_reference.description(field), f"[{section}] {field.name} is undocumented"


def test_every_table_is_among_the_sections():
    tables = {name.split(".")[0] for name in SECTIONS}
    assert tables == {field.name for field in msgspec.structs.fields(settings.Settings)}


def test_the_page_in_the_docs_is_the_generated_one():
    assert (DOCS / "settings.md").read_text() == settings_reference.reference(), "run `make docs`"


def test_the_command_line_overrides_the_environment_overrides_the_file(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text('[server]\nport = 1\nhost = "file"\nresume_window_s = 1.5\n')
    environ = {"GLOSSATOR_SERVER__PORT": "2", "GLOSSATOR_SERVER__HOST": "environment"}

    loaded = settings.load(file, environ, {"server": {"port": 3}})

    assert loaded.server.port == 3
    assert loaded.server.host == "environment"
    assert loaded.server.resume_window_s == 1.5


def test_nested_tables_are_set_from_the_environment():
    loaded = settings.load(environ={"GLOSSATOR_RAILS__PII__ACTION": "block"})
    assert (loaded.rails.pii.action, loaded.rails.secrets.action) == ("block", "redact")


def test_a_tenant_may_differ_in_its_rails(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text('[tenants.acme]\nrails = {pii = "block"}\n')
    assert settings.load(file, {}).tenants["acme"].rails == {"pii": "block"}


def test_other_variables_of_the_prefix_are_left_alone():
    assert settings.load(environ={"GLOSSATOR_URL": "u", "PATH": "p"}) == settings.Settings()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[server]\nprot = 1", "prot"),
        ("[sever]\nport = 1", "sever"),
        ("server = 1", "server"),
        ("[server]\nport = 70000", "port"),
        ("[server]\nport = 'x'", "port"),
        ("[rails]\npii = 'block'", "rails.pii"),
        ("[rails.pii]\naction = 'maybe'", "maybe"),
        ("[server", "glossator.toml"),
        ("\xff", "glossator.toml"),
    ],
)
def test_a_wrong_file_is_refused_naming_what_is_wrong(tmp_path, content, named):
    file = tmp_path / "glossator.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(StartupFailed, match=named) as refused:
        settings.load(file, {})
    assert "glossator.toml" in refused.value.message


def test_a_wrong_variable_is_refused():
    with pytest.raises(StartupFailed, match=r"environment: .*port"):
        settings.load(environ={"GLOSSATOR_SERVER__PORT": "many"})


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StartupFailed, match="No such file"):
        settings.load(tmp_path / "none.toml", {})


@pytest.mark.parametrize("name", profile.names())
def test_every_profile_is_made_of_settings_and_changes_some(name):
    assert settings.load(environ={"GLOSSATOR_PROFILE__NAME": name}) != settings.Settings()


def test_what_is_said_anywhere_overrides_the_profile(tmp_path):
    """The file chooses a profile and one value, the environment another; the rest is its own."""
    file = tmp_path / "glossator.toml"
    file.write_text('[profile]\nname = "one-gpu"\n[vllm]\nmax_num_seqs = 3\n')
    loaded = settings.load(file, {"GLOSSATOR_RAY__GENERATOR_GPUS": "0.5"}).vllm
    own = settings.load(environ={"GLOSSATOR_PROFILE__NAME": "one-gpu"}).vllm
    assert (loaded.max_num_seqs, own.max_num_seqs) == (3, 128)
    assert loaded.gpu_memory_utilization == own.gpu_memory_utilization == 0.8


def test_the_command_line_chooses_the_profile_over_the_file(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text('[profile]\nname = "one-gpu"\n')
    loaded = settings.load(file, {}, {"profile": {"name": "cluster"}})
    assert loaded.ray.generator_gpus == 1.0


def test_what_equals_a_default_still_overrides_the_profile():
    default = settings.Vllm().max_num_seqs
    loaded = settings.load(overrides={
        "profile": {"name": "cluster"}, "vllm": {"max_num_seqs": default},
    })  # fmt: skip
    assert loaded.vllm.max_num_seqs == default


def test_an_unknown_profile_is_refused_naming_those_there_are():
    with pytest.raises(StartupFailed, match=r"'huge'.*cluster, laptop-cpu, one-gpu"):
        settings.load(environ={"GLOSSATOR_PROFILE__NAME": "huge"})
