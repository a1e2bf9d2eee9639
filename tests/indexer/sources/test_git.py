"""Git repositories: a branch, a tag, a commit, as files, without anything of theirs being run."""

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from indexer.sources import git, open_source
from indexer.sources.declared import Declaration
from indexer.sources.git import Repository
from indexer.sources.limits import Limits
from indexer.types import Document, SourceError

IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
            "GIT_CONFIG_GLOBAL": "/dev/null"}  # fmt: skip


class Author:
    """A real repository that grows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.run("init", "--quiet", "--initial-branch=main")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=os.environ | IDENTITY,
                              check=True, capture_output=True, text=True)  # fmt: skip
        return done.stdout.strip()

    def write_tree(self, entries: list[str]) -> str:
        done = subprocess.run(["git", "mktree"], cwd=self.folder, input="\n".join(entries),
                              check=True, capture_output=True, text=True)  # fmt: skip
        return done.stdout.strip()

    def commit(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.run("add", "-A")
        self.run("commit", "--quiet", "-m", name)
        return self.run("rev-parse", "HEAD")


@pytest.fixture
def author(tmp_path: Path) -> Author:
    author = Author(tmp_path / "waves")
    author.commit("docs/guide.md", "# One\n\nWords.")
    author.run("tag", "-a", "v1.0", "-m", "one")
    author.commit("docs/guide.md", "# Two\n\nWords.")
    author.commit("src/waves.py", "def play():\n    pass\n")
    return author


def documents(spec: str, cache: Path) -> list[Document]:
    return list(open_source(spec, cache).documents())


def test_the_default_branch_is_read_documentation_and_code(author: Author, tmp_path: Path) -> None:
    """The version is the commit; citations open the files of the checkout."""
    found = documents(f"git:{author.folder}", tmp_path / "cache")
    assert [each.title for each in found] == ["Two", "waves.py"]
    assert {each.version for each in found} == {author.run("rev-parse", "HEAD")[:12]}
    assert found[0].breadcrumb == ("waves", "Two")
    assert Path(found[0].uri.removeprefix("file://")).read_text().startswith("# Two")


def test_a_tag_is_the_version(author: Author, tmp_path: Path) -> None:
    (found,) = documents(f"git:{author.folder}@v1.0", tmp_path / "cache")
    assert (found.title, found.version) == ("One", "v1.0")


def test_branches_and_commits_too(author: Author, tmp_path: Path) -> None:
    commit = author.run("rev-parse", "HEAD~2")
    author.run("checkout", "--quiet", "-b", "feature/x")
    author.commit("docs/guide.md", "# Three")
    assert documents(f"git:{author.folder}@feature/x", tmp_path / "c")[0].title == "Three"
    assert documents(f"git:{author.folder}@main", tmp_path / "c")[0].title == "Two"
    author.run("config", "uploadpack.allowAnySHA1InWant", "true")
    assert documents(f"git:{author.folder}@{commit}", tmp_path / "c")[0].title == "One"


def test_a_second_run_follows_the_branch_and_forgets_what_is_gone(
    author: Author, tmp_path: Path
) -> None:
    spec, cache = f"git:{author.folder}", tmp_path / "cache"
    documents(spec, cache)
    author.run("rm", "--quiet", "src/waves.py")
    author.commit("docs/guide.md", "# Later")
    assert [each.title for each in documents(spec, cache)] == ["Later"]
    assert [each.title for each in documents(spec, cache)] == ["Later"]


def test_what_somebody_changed_in_the_checkout_is_put_back(author: Author, tmp_path: Path) -> None:
    spec, cache = f"git:{author.folder}", tmp_path / "cache"
    (found, _) = documents(spec, cache)
    Path(found.uri.removeprefix("file://")).write_text("# Changed")
    assert documents(spec, cache)[0].title == "Two"


def test_hooks_do_not_run_and_links_do_not_lead_out(author: Author, tmp_path: Path) -> None:
    """Neither the user's template's hooks nor a link in the repository has an effect."""
    ran = tmp_path / "ran"
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (hooks / "post-checkout").chmod(0o755)
    (tmp_path / "secret.md").write_text("# Secret")
    (author.folder / "link.md").symlink_to(tmp_path / "secret.md")
    author.commit("more.md", "# More")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[init]\ntemplateDir = {tmp_path / 'template'}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.delenv("GIT_CONFIG_GLOBAL", raising=False)
        found = documents(f"git:{author.folder}", tmp_path / "cache")
    assert "# Secret" not in {each.text for each in found}
    assert not ran.exists()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://github.com/o/r", Repository("https://github.com/o/r")),
        ("https://github.com/o/r.git@v1", Repository("https://github.com/o/r.git", "v1")),
        ("https://me@host/o/r@a/b", Repository("https://me@host/o/r", "a/b")),
        ("git@host:o/r.git@main", Repository("git@host:o/r.git", "main")),
        ("git@host:o/r.git", Repository("git@host:o/r.git")),
        ("ssh://git@host:22/o/r@main", Repository("ssh://git@host:22/o/r", "main")),
    ],
)
def test_what_is_written_is_understood(uri: str, expected: Repository) -> None:
    assert git.parse(uri) == expected


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("/no/such", "There is no repository /no/such"),
        ("ext::sh -c touch% x", "There is no repository"),
        ("https://host/r@--upload-pack=x", "not the name of a branch"),
        ("https://host/r@a b", "not the name of a branch"),
    ],
)
def test_what_is_no_repository_is_an_error(uri: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        git.parse(uri)


def test_a_branch_that_is_not_there_and_an_empty_repository_say_so(
    author: Author, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="no branch or tag 'v9'"):
        documents(f"git:{author.folder}@v9", tmp_path / "cache")
    Author(tmp_path / "empty")
    with pytest.raises(SourceError, match="is empty"):
        documents(f"git:{tmp_path / 'empty'}", tmp_path / "cache")
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="cannot be read"):
        documents(f"git:{tmp_path / 'plain'}", tmp_path / "cache")


def test_a_repository_over_the_limit_is_cut_off(author: Author, tmp_path: Path) -> None:
    author.commit("large.md", os.urandom(600_000).hex())
    declared = Declaration("git", str(author.folder), "r")
    with pytest.raises(SourceError, match="cannot be read"):
        git.checkout(git.parse(declared.uri), tmp_path / "c", Limits(total_bytes=100_000))


@pytest.mark.parametrize("limits", [Limits(documents=5_000), Limits(total_bytes=5_000_000)])
def test_a_few_kilobytes_that_are_many_files_are_refused_before_they_are_written(
    author: Author, tmp_path: Path, limits: Limits
) -> None:
    """Ten folders of ten folders of one text: git keeps each of them once."""
    author.run("checkout", "--quiet", "--orphan", "bomb")
    author.run("rm", "-rfq", ".")
    (author.folder / "page.md").write_text("words " * 200)
    blob = author.run("hash-object", "-w", "page.md")
    tree = author.write_tree([f"100644 blob {blob}\t{i}.md" for i in range(10)])
    for _ in range(3):
        tree = author.write_tree([f"040000 tree {tree}\t{i}" for i in range(10)])
    author.run("update-ref", "refs/heads/bomb", author.run("commit-tree", tree, "-m", "bomb"))
    folder = tmp_path / "c"
    with pytest.raises(SourceError, match="more than"):
        git.checkout(git.parse(f"{author.folder}@bomb"), folder, limits)
    assert [each.name for each in folder.iterdir()] == [".git"]


@pytest.mark.parametrize("kind", ["git", "web"])
@pytest.mark.parametrize(
    "who", ["user:hunter2hunter2", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "x-access-token:t"]
)
def test_an_address_with_a_password_or_a_token_is_refused(
    kind: str, who: str, tmp_path: Path
) -> None:
    """Addresses are shown to users, and the refusal must not show it either."""
    with pytest.raises(SourceError, match=r"host\.example holds a password or a token") as refused:
        open_source(f"{kind}:https://{who}@host.example/o/r", tmp_path)
    assert who.split(":")[-1] not in str(refused.value).split()


def test_forges_show_files_at_their_commit() -> None:
    """An editor on another machine opens the citation, too."""
    guide = PurePosixPath("docs/guide.md")
    hub = git.links(Repository("https://github.com/o/r.git"), "abc")
    lab = git.links(Repository("https://gitlab.example.com/g/s/r"), "abc")
    assert hub is not None
    assert hub(guide) == "https://github.com/o/r/blob/abc/docs/guide.md"
    assert lab is not None
    assert lab(guide) == "https://gitlab.example.com/g/s/r/-/blob/abc/docs/guide.md"
    assert git.links(Repository("file:///srv/r"), "abc") is None
