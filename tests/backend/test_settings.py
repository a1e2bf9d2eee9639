"""Settings: every one documented, overridable in order, and wrong ones named."""

from pathlib import Path

import msgspec
import pytest

from backend import settings, settings_reference
from backend.errors import StartupFailed

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
