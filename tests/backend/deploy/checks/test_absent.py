"""Files and folders that the settings name and nobody has made."""

from backend.deploy.checks.absent import absent
from backend.settings import Auth, Settings, SourceSettings


def settings(tokens, **folders):
    sources = {name: SourceSettings("folder", str(path)) for name, path in folders.items()}
    return Settings(auth=Auth(tokens=str(tokens)), sources=sources)


def test_a_token_file_and_a_folder_that_do_not_exist_are_named(tmp_path):
    said = absent(settings(tmp_path / "tokens.json", here=tmp_path, handbook=tmp_path / "none"))
    assert len(said) == 2
    assert "tokens.json does not exist" in said[0]
    assert "glossator token create" in said[0]
    assert said[1].startswith(f"[sources.handbook] uri: {tmp_path / 'none'} does not exist")


def test_what_is_there_is_not_named(tmp_path):
    (tmp_path / "tokens.json").write_text("[]")
    assert absent(settings(tmp_path / "tokens.json", here=tmp_path)) == []
    assert absent(Settings()) == []
