"""Names in the heads of definitions: options, settings and codes, but no plain words."""

import pytest

from indexer.readers.terms import main, names


@pytest.mark.parametrize(
    ("heads", "found"),
    [
        (["--onto <newbase>"], ["--onto"]),
        (["-s <strategy>", "--strategy=<strategy>"], ["-s", "--strategy"]),
        (["-a, --append"], ["-a", "--append"]),
        (["--[no-]verify"], ["--verify", "--no-verify"]),
        (["-D [bind_address:]port"], ["-D"]),
        (["push.default"], ["push.default"]),
        (["work_mem (integer)"], ["work_mem"]),
        (["E304"], ["E304"]),
        (["OnCalendar="], ["OnCalendar"]),
        (["Unit="], ["Unit"]),
        (["EACCES"], ["EACCES"]),
        (["remote.<name>.url"], ["remote.<name>.url"]),
        (["window-status-style style"], ["window-status-style"]),
        (["ControlMaster"], ["ControlMaster"]),
        (["new-session [-A] [-c folder] [-e environment] [-f flags] [-x width] command"],
         ["new-session"]),
        (["abstract base class"], []),
        (["Note"], []),
        (["--all", "everything else"], []),
        (["*"], []),
        ([""], []),
        (["%H"], []),
    ],
)  # fmt: skip
def test_names_of_heads(heads: list[str], found: list[str]) -> None:
    assert names(heads) == found


def test_the_long_option_stands_for_all() -> None:
    assert main(["-s", "--strategy"]) == "--strategy"
    assert main(["push.default"]) == "push.default"
