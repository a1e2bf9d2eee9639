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


def test_all_mistakes_are_told_at_once_each_with_what_would_be_right(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text("""
        [server]
        prot = 1
        port = 70000
        [rails.pii]
        action = "maybe"
        [sources.handbook]
        kind = "flder"
        uri = "/docs"
        every = "often"
        [tenants.acme.rails]
        pii = "perhaps"
    """)
    with pytest.raises(StartupFailed) as refused:
        settings.load(file, {"GLOSSATOR_QUOTAS__REQUESTS_PER_MINUTE": "many"})
    for said in (
        "7 mistakes",
        "[server] has no setting `prot`; did you mean `port`?",
        "[server] port = 70000, but it must be a whole number, at least 0 and at most 65535",
        "[rails.pii] action = 'maybe', but it must be one of 'allow', 'block'",
        "[sources.handbook] kind = 'flder', but it must be one of 'archive', 'code', 'folder'",
        "`30m`, `6h`, `1d`",
        "[tenants.acme] rails = {'pii': 'perhaps'}",
        "environment: [quotas] requests_per_minute = 'many', but it must be a whole number",
    ):
        assert said in refused.value.message


def test_a_source_without_its_kind_is_refused(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text('[sources.handbook]\nuri = "/docs"')
    with pytest.raises(StartupFailed, match=r"kind.*sources"):
        settings.load(file, {})


def _lists():
    for section, struct in SECTIONS.items():
        for field in msgspec.structs.fields(struct):
            if "tuple" in str(field.type):
                yield section, field.name


@pytest.mark.parametrize(("section", "name"), list(_lists()))
@pytest.mark.parametrize("text", ["RS256,ES256", " RS256 , ES256,", '["RS256", "ES256"]'])
def test_every_list_can_come_from_its_variable(section, name, text):
    """The page of settings lists these variables."""
    environ = {f"GLOSSATOR_{section}__{name}".replace(".", "__").upper(): text}
    if section.startswith("sources"):
        environ |= {"GLOSSATOR_SOURCES__NAME__KIND": "folder", "GLOSSATOR_SOURCES__NAME__URI": "/d"}
    found = msgspec.to_builtins(settings.load(environ=environ))
    for part in section.split("."):
        found = found.get(part) or found[part.lower()]
    assert list(found[name]) == ["RS256", "ES256"]


def test_a_table_can_come_from_its_variable():
    environ = {"GLOSSATOR_TENANTS__ACME__RAILS": '{"pii": "block"}'}
    assert settings.load(environ=environ).tenants["acme"].rails == {"pii": "block"}


@pytest.mark.parametrize("text", ["[a, b]", "[", '["a"'])
def test_a_list_that_cannot_be_read_is_refused_with_how_to_write_it(text):
    with pytest.raises(StartupFailed, match=r"GLOSSATOR_AUTH__ORIGINS cannot be read .*`a,b`"):
        settings.load(environ={"GLOSSATOR_AUTH__ORIGINS": text})


def test_a_variable_of_a_table_and_of_one_of_its_values_are_refused_together():
    environ = {"GLOSSATOR_TENANTS__ACME": "x", "GLOSSATOR_TENANTS__ACME__RAILS": "{}"}
    with pytest.raises(StartupFailed, match="Keep one of the two"):
        settings.load(environ=environ)


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
