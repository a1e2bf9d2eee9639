"""A name is called unknown only where the package surely lacks it."""

import pytest

from indexer.index.api_names import ApiNames

NAMES = ApiNames(
    {
        "numpy": ["pi", "fft", "linalg", "roots", "lazy", "ndarray"],
        "numpy.fft": ["irfft", "rfft"],
        "numpy.linalg": ["inv", "norm"],
        "numpy.ndarray": ["sort"],
    }
)


@pytest.mark.parametrize(
    "name",
    ["numpy", "numpy.pi", "numpy.pi.anything", "numpy.fft.irfft", "numpy.lazy.made_up", "os.path",
     "numpy.__version__", "numpy.ndarray.sort.x", ""],
)  # fmt: skip
def test_what_exists_or_may_exist_is_not_unknown(name: str) -> None:
    assert NAMES.unknown(name) is None


@pytest.mark.parametrize(
    ("name", "lacking", "nearest"),
    [
        ("numpy.irfft", "numpy.irfft", "numpy.fft.irfft"),
        ("numpy.linalg.inverse", "numpy.linalg.inverse", "numpy.linalg.inv"),
        ("numpy.rots.x", "numpy.rots", "numpy.roots"),
        ("numpy.ndarray.zzz", "numpy.ndarray.zzz", ""),
    ],
)
def test_what_is_lacking_is_named_with_what_may_be_meant(
    name: str, lacking: str, nearest: str
) -> None:
    unknown = NAMES.unknown(name)
    assert unknown is not None
    assert (unknown.name, unknown.lacking, unknown.nearest) == (name, lacking, nearest)
