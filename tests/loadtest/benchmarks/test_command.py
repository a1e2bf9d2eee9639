"""How a study reads its options and ends."""

from importlib.machinery import ModuleSpec

import pytest

from loadtest.benchmarks.command import Study, StudyFailed

SPEC = ModuleSpec("loadtest.benchmarks.some.study", None)


def study():
    made = Study(SPEC, "Measures ``x``.\n\nLimits: none.")
    made.number("--users", [1, 8], "users")
    made.number("--passes", 4, "passes")
    made.number("--pause", 2.0, "pause", zero=True)
    return made


def test_numbers_have_the_type_of_their_default():
    given = study().parse_args(["--users", "2", "3", "--pause", "0"])
    assert (given.users, given.passes, given.pause) == ([2, 3], 4, 0.0)
    assert study().parse_args([]).users == [1, 8]


@pytest.mark.parametrize("wrong", [["--passes", "0"], ["--pause", "-1"], ["--users", "2", "many"]])
def test_numbers_out_of_range_are_refused(wrong, capsys):
    with pytest.raises(SystemExit) as refused:
        study().parse_args(wrong)
    assert refused.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_help_is_the_modules_docstring():
    said = study().format_help()
    assert "python -m loadtest.benchmarks.some.study" in said
    assert "Measures `x`." in said
    assert "Limits: none." in said
    assert "(default: 1 8)" in said


def test_the_report_is_printed_and_the_folder_gone_afterwards(capsys):
    folders = []

    async def work(arguments, folder):
        folders.append(folder)
        assert folder.is_dir()
        return f"{arguments.passes} passes"

    study().run(work, ["--passes", "3"])
    assert capsys.readouterr().out == "3 passes\n"
    assert not folders[0].exists()


@pytest.mark.parametrize(
    "error",
    [StudyFailed("no luck"), OSError("no luck"), ExceptionGroup("", [StudyFailed("no luck")])],
)
def test_an_error_ends_the_program_with_one_sentence(error):
    async def work(arguments, folder):
        raise error

    with pytest.raises(SystemExit, match=r"^study: no luck$"):
        study().run(work, [])
