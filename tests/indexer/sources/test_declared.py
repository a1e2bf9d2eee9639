"""What was typed names one source, however it is written."""

from pathlib import Path

import pytest

from indexer.sources.declared import parse


@pytest.mark.parametrize("kind", ["", "folder:", "code:", "git:"])
def test_a_place_on_this_machine_is_one_source(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative or not, with a slash at the end, from the home folder, or through a link."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    typed = ("handbook", "./handbook/", "../" + tmp_path.name + "/handbook", "~/handbook", "link")
    found = {parse(f"{kind}{each}") for each in (*typed, str(folder))}
    assert {(each.name, each.uri) for each in found} == {(f"{kind}{folder}", str(folder))}


def test_a_branch_stays_at_its_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    assert parse("git:app@v1.0").name == f"git:{tmp_path}/app@v1.0"


@pytest.mark.parametrize(
    "spec", ["package:numpy", "web:https://docs.example.com/", "git:https://example.com/a@main"]
)
def test_other_places_stay_as_they_are_written(spec: str) -> None:
    assert parse(spec).name == spec
