"""Where the packages go: in a wheel, into a folder of `glossator`. The rest is in pyproject.toml.

A wheel that put a package called `backend` on the import path would hide the `backend` of many a
user's project, or be hidden by it (docs/decisions/0011-one-package-on-the-import-path.md).
"""

import shutil

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

PRIVATE = ("backend", "indexer", "loadtest", "lsp_server")
FOLDER = "glossator._packages"  # glossator/packages.py puts it on the path


def packages(*tops: str) -> list[str]:
    """With the folders in them that hold only data."""
    found = []
    for top in tops:
        below = find_namespace_packages(top, exclude=["*__pycache__"])
        found += [top, *(f"{top}.{name}" for name in below)]
    return found


class FreshBuild(build_py):
    """Setuptools would pack whatever an earlier build left in its folder, too."""

    def run(self) -> None:
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class EditableInstall(editable_wheel):
    """In a clone the packages stay where they are."""

    def finalize_options(self) -> None:
        self.distribution.packages = packages("glossator", *PRIVATE)
        self.distribution.package_dir = {}
        super().finalize_options()


setup(
    cmdclass={"build_py": FreshBuild, "editable_wheel": EditableInstall},
    packages=[*packages("glossator"), *(f"{FOLDER}.{name}" for name in packages(*PRIVATE))],
    package_dir={f"{FOLDER}.{top}": top for top in PRIVATE},
)
