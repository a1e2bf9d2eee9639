"""`glossator token`: what a company gets unless it says otherwise."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from backend.identity.tokens import TokenFile
from glossator.cli import cli


@pytest.fixture
def run(tmp_path):
    config = tmp_path / "glossator.toml"
    config.write_text(f'[auth]\ntokens = "{tmp_path / "tokens.json"}"\n')

    def run(*arguments):
        return CliRunner().invoke(cli, ["token", *arguments, "--config", str(config)])

    return run


@pytest.fixture
def kept(tmp_path):
    return TokenFile(tmp_path / "tokens.json").all


def days_left(token):
    return (datetime.fromisoformat(token.expires) - datetime.now(UTC)) / timedelta(days=1)


def test_a_token_expires_after_ninety_days_unless_said_otherwise(run, kept):
    run("create", "ada")
    run("create", "ada", "--days", "7")
    run("create", "ada", "--days", "never")
    quarter, week, never = kept()
    assert days_left(quarter) == pytest.approx(90, abs=0.1)
    assert days_left(week) == pytest.approx(7, abs=0.1)
    assert never.expires == ""


@pytest.mark.parametrize("days", ["soon", "nan", "inf", "1e9", ""])
def test_what_is_no_number_of_days_is_refused(run, kept, days):
    done = run("create", "ada", "--days", days)
    assert (done.exit_code, kept()) == (2, [])
    assert "never" in done.output


def test_rotate_prints_the_new_token_and_when_the_old_one_ends(run, kept):
    run("create", "ada", "--days", "never")
    done = run("rotate", "ada")
    assert done.stdout.startswith("gls_")
    assert "end in 24 hours" in done.stderr
    old, new = kept()
    assert days_left(old) == pytest.approx(1, abs=0.1)
    assert days_left(new) == pytest.approx(90, abs=0.1)
    run("rotate", "ada", "--now")
    assert len(kept()) == 1


def test_rotate_for_nobody_says_what_to_do(run):
    done = run("rotate", "ada")
    assert done.exit_code == 1
    assert "glossator token create" in done.output
