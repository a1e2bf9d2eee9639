"""How an installed wheel's processes, and only they, find the packages in its own folder."""

import os
import sys

import pytest

from glossator import packages


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """As in a wheel; the path is put back."""
    found = tmp_path / "site-packages" / "glossator" / "_packages"
    found.mkdir(parents=True)
    monkeypatch.setattr(packages, "FOLDER", found)
    monkeypatch.setattr(sys, "path", ["/first", "/second"])
    return found


def test_in_a_clone_nothing_changes(monkeypatch):
    monkeypatch.setattr(sys, "path", before := [*sys.path])
    packages.find()
    assert sys.path == before
    assert packages.environment({"PYTHONPATH": "/a"}) == {"PYTHONPATH": "/a"}


def test_the_folder_comes_first_on_the_path(folder):
    packages.find()
    assert sys.path == [str(folder), "/first", "/second"]


def test_other_processes_do_not_inherit_the_folder(folder, monkeypatch):
    """One that we started with it gives what is left to its own."""
    monkeypatch.setenv("PYTHONPATH", packages.environment({"PYTHONPATH": "/a:/b"})["PYTHONPATH"])
    packages.find()
    assert os.environ["PYTHONPATH"] == "/a:/b"


@pytest.mark.parametrize(
    ("inherited", "path"), [({}, []), ({"PYTHONPATH": ""}, []), ({"PYTHONPATH": "/a"}, ["/a"])]
)
def test_a_process_that_needs_them_gets_the_folder_before_the_rest(folder, inherited, path):
    found = packages.environment({**inherited, "HOME": "/home"})
    assert found == {"HOME": "/home", "PYTHONPATH": os.pathsep.join([str(folder), *path])}


def test_a_folder_with_packages_of_our_names_is_told_from_our_own(folder, tmp_path):
    """Ray's workers would import them; a folder without ``__init__.py`` comes last for Python."""
    assert packages.hidden_by(tmp_path) == []
    (tmp_path / "backend").mkdir()
    assert packages.hidden_by(tmp_path) == []
    (tmp_path / "backend" / "__init__.py").touch()
    (tmp_path / "indexer.py").touch()
    assert packages.hidden_by(tmp_path) == ["backend", "indexer"]

    (folder / "backend").mkdir()
    (folder / "backend" / "__init__.py").touch()
    assert packages.hidden_by(folder) == []


def test_a_clone_is_not_taken_for_somebody_elses():
    assert packages.hidden_by(packages.FOLDER.parents[1]) == []
