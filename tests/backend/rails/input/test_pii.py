"""The personal data rail on the real presidio: loaded off the event loop, remembered, degraded."""

import asyncio
import subprocess
import sys

import pytest
import spacy

from backend.errors import Unavailable
from backend.ports import Span
from backend.rails.formats.patterns import Scanner
from backend.rails.formats.pii import PII
from backend.rails.input import pii
from backend.rails.input.pii import PiiRail

EMAIL = "ada.lovelace@analytical.co.uk"
IBAN = "DE89 3704 0044 " + "0532 0130 00"


@pytest.fixture(scope="module")
async def rail():
    rail = PiiRail()
    yield rail
    await rail.close()


@pytest.fixture(scope="session")
def names_model(tmp_path_factory):
    """A spaCy model in a folder, made here: it knows two people and a town."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": name} for name in ("Ada Lovelace", "Grace Hopper")]
        + [{"label": "GPE", "pattern": "Zurich"}, {"label": "DATE", "pattern": "yesterday"}]
    )
    folder = tmp_path_factory.mktemp("spacy")
    nlp.to_disk(folder)
    return str(folder)


@pytest.fixture(scope="session")
def every_word_a_person(tmp_path_factory):
    """A BERT of 10 kB whose only opinion is that each token goes on with a person's name."""
    import torch
    from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ada", "wrote"]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        id2label={0: "O", 1: "I-PER"},
        label2id={"O": 0, "I-PER": 1},
    )
    model = BertForTokenClassification(config)
    with torch.no_grad():
        model.classifier.bias.copy_(torch.tensor([-9.0, 9.0]))
    model.save_pretrained(folder)
    return str(folder)


async def test_each_text_gets_its_own_findings(rail):
    clean, found = await rail.check(["x = np.fft.rfft(y)", f"pay {IBAN} and tell {EMAIL}"])

    assert clean == ()
    assert found == (Span(4, 31, "IBAN"), Span(41, 41 + len(EMAIL), "email"))


async def test_importing_the_rail_does_not_import_presidio():
    code = (
        "import sys, backend.rails.input.pii; "
        "print({'presidio_analyzer', 'torch'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


async def test_it_says_that_it_loads_and_a_check_waits_for_it():
    rail = PiiRail()
    rail.start()
    assert await rail.state() == "loading"
    ((found,),) = await rail.check([EMAIL])
    assert (found.kind, await rail.state()) == ("email", "")
    await rail.close()


async def test_a_check_that_is_given_up_does_not_stop_the_loading():
    rail = PiiRail()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rail.check([EMAIL]), 0.0001)
    assert len(await rail.check([EMAIL])) == 1
    await rail.close()


async def test_a_model_in_a_folder_finds_names_and_places(names_model):
    rail = PiiRail("spacy", names_model)
    (found,) = await rail.check(["yesterday Ada Lovelace wrote from Zurich to grace@navy.mil"])
    assert [span.kind for span in found] == ["person", "location", "email"]
    assert await rail.state() == ""
    await rail.close()


async def test_a_transformers_model_in_a_folder_finds_names(every_word_a_person):
    rail = PiiRail("transformers", every_word_a_person)
    (found,) = await rail.check(["ada wrote"])
    assert await rail.state() == ""
    assert found == (Span(0, 9, "person"),)
    await rail.close()


@pytest.mark.parametrize("names", ["spacy", "transformers"])
async def test_without_its_model_it_is_degraded_and_finds_formats_all_the_same(names, tmp_path):
    rail = PiiRail(names, str(tmp_path / "no_such_model"))
    ((found,),) = await rail.check([EMAIL])
    assert found.kind == "email"
    assert "no_such_model" in await rail.state()
    await rail.close()


async def test_without_presidio_it_cannot_say(monkeypatch):
    monkeypatch.setitem(sys.modules, "backend.rails.input.analyzer", None)
    rail = PiiRail()
    with pytest.raises(Unavailable, match="pii rail could not load"):
        await rail.check([EMAIL])
    assert "backend.rails.input.analyzer" in await rail.state()
    await rail.close()


async def test_a_long_text_is_judged_in_windows_as_it_is_judged_whole(rail):
    lines = [
        f"{number:05d} " + "x = f(y) " * 5 + (EMAIL, IBAN, "")[number % 3] for number in range(2000)
    ]
    for text in ("\n".join(lines), " ".join(lines)):
        (found,) = await rail.check([text])
        assert found == Scanner(PII).find(text)


async def test_an_unchanged_text_is_not_analyzed_again_and_memory_is_bounded(monkeypatch):
    analyze, analyzed = pii._analyze, []
    monkeypatch.setattr(
        pii, "_analyze", lambda by, text, *at: analyzed.append(text) or analyze(by, text, *at)
    )
    rail = PiiRail(remembered=2)
    for text in ("a", "b", "b", "a", "c", "a", "b"):
        await rail.check([text])

    assert analyzed == ["a", "b", "c", "b"]  # "b" was the oldest when "c" came
    await rail.close()
