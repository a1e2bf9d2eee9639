"""The index and the rails as a start would find them; a real store on a real disk."""

import shutil

import pytest

from backend.deploy import build
from backend.deploy.checks import parts
from backend.settings import Rails, Retrieval, Settings, ToxicityRail
from indexer.index.search import HybridIndex
from indexer.types import Chunk

RETRIEVAL = Retrieval()


@pytest.fixture
def data(tmp_path, word_embedder, stored):
    """A data folder with an index of one page."""
    with opened(tmp_path, word_embedder) as store:
        stored(store, word_embedder, Chunk("docs", "file:///a.md", "Tides", "spring tide"))
    return tmp_path


def opened(data, embedder, name="words"):
    return HybridIndex.open(
        build.index_folder(data),
        embedder_name=name,
        dimension=embedder.dimension,
        tokens=embedder.tokens,
    )


def test_an_index_that_can_be_searched_is_well(data, word_embedder):
    found = parts.index(data, word_embedder, RETRIEVAL)
    assert (found.state, found.said) == ("ok", "1 chunks.")


def test_no_index_and_an_empty_one_say_how_to_make_one(tmp_path, word_embedder):
    found = parts.index(tmp_path / "none", word_embedder, RETRIEVAL)
    assert found.state == "warning"
    assert "glossator index run" in found.todo
    assert not (tmp_path / "none").exists()  # nothing was made
    opened(tmp_path, word_embedder).close()
    found = parts.index(tmp_path, word_embedder, RETRIEVAL)
    assert (found.state, found.said) == ("warning", "Nothing is indexed yet.")


def test_one_of_another_embedder_says_how_to_rebuild_it(tmp_path, word_embedder):
    opened(tmp_path, word_embedder, "other").close()
    found = parts.index(tmp_path, word_embedder, RETRIEVAL)
    assert found.state == "wrong"
    assert "'other'" in found.said
    assert "--rebuild" in found.todo


def test_one_in_use_names_the_process_unless_a_backend_is_known_to_run(data, word_embedder):
    with opened(data, word_embedder):
        found = parts.index(data, word_embedder, RETRIEVAL)
        assert found.state == "warning"
        assert "pid" in found.said
        assert found.todo
        assert parts.index(data, word_embedder, RETRIEVAL, serving=True).state == "ok"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "index.json").write_text("{"),
        lambda folder: (folder / "index.json").write_text('{"schema": 1}'),
        lambda folder: (folder / "catalog.db").write_bytes(b"x" * 4096),
        lambda folder: shutil.rmtree(folder / "chroma"),
    ],
    ids=["manifest", "version", "catalog", "vectors"],
)
def test_a_damaged_one_is_wrong(data, word_embedder, damage):
    damage(build.index_folder(data))
    found = parts.index(data, word_embedder, RETRIEVAL)
    assert found.state == "wrong"
    assert "--rebuild" in found.todo


def test_without_its_embedder_nothing_is_claimed(data):
    assert parts.index(data, None, RETRIEVAL).state == "unchecked"


def test_an_embedder_that_is_not_there_says_what_to_take():
    found, loaded = parts.embedder(Retrieval(embedder="/none"))
    assert (found.state, loaded, bool(found.todo)) == ("wrong", None, True)


@pytest.mark.parametrize(("on_failure", "state"), [("allow", "warning"), ("block", "wrong")])
async def test_a_rail_without_weights_is_as_bad_as_its_policy(on_failure, state):
    rail = ToxicityRail(model="/none.ckpt", on_failure=on_failure)
    *_, found = await parts.rails(Settings(rails=Rails(toxicity=rail)))
    assert (found.check, found.state) == ("rail toxicity", state)
    assert "/none.ckpt" in found.said
    assert found.todo
