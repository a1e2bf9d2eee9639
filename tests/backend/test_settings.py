"""Settings: every one documented, overridable in order, and wrong ones named."""

from pathlib import Path

import msgspec
import pytest

from backend import settings
from backend.errors import StartupFailed

SECTIONS = msgspec.structs.fields(settings.Settings)
DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.name)
def test_every_setting_says_what_it_means(section):
    assert section.type.__doc__
    for field in msgspec.structs.fields(section.type):
        assert settings.description(field), f"[{section.name}] {field.name} is undocumented"


def test_the_page_in_the_docs_is_the_generated_one():
    assert (DOCS / "settings.md").read_text() == settings.reference(), "run `make docs`"


def test_the_command_line_overrides_the_environment_overrides_the_file(tmp_path):
    file = tmp_path / "glossator.toml"
    file.write_text('[server]\nport = 1\nhost = "file"\nresume_window_s = 1.5\n')
    environ = {"GLOSSATOR_SERVER__PORT": "2", "GLOSSATOR_SERVER__HOST": "environment"}

    loaded = settings.load(file, environ, {"server": {"port": 3}})

    assert loaded.server.port == 3
    assert loaded.server.host == "environment"
    assert loaded.server.resume_window_s == 1.5


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
