"""The files that `prepare` is measured on."""

from loadtest.benchmarks.serving.prepare import source


def test_two_files_share_no_beginning_and_are_as_long_as_asked():
    one, other = source(1, 500), source(2, 500)

    assert one.splitlines()[0] != other.splitlines()[0]
    assert source(1, 500) == one
    assert len(source(1, 1000)) > 1.8 * len(one)
