"""``auto`` is a GPU where there is one; what is named is taken as it is."""

import pytest
import torch

from backend.device import device, operations_s


@pytest.mark.parametrize(("there", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_what_the_machine_has(
    there: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device("auto") == chosen
    assert device("cuda:1") == "cuda:1"


def test_a_machine_multiplies_in_the_types_of_weights() -> None:
    threads = torch.get_num_threads()
    assert operations_s("float32", 1) > 1e8
    assert operations_s("auto") > 1e8
    assert torch.get_num_threads() == threads
