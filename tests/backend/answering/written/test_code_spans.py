"""Code in a streamed answer is found whole, at its place, however the answer is cut into deltas."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.answering.written.code_spans import Code, CodeSpans

ANSWER = """\
Call `np.roots(p)` so:

```python
import numpy as np
np.roots([1, 2])
```

1. Or so:
   ~~~pycon
   >>> np.poly([1])
   array([1.])
   >>> for x in y:
   ...     np.abs(x)
   ~~~
Done with `x`
"""


def found(answer: str, size: int = 1000) -> list[Code]:
    spans = CodeSpans()
    pieces = re.findall(f"(?s).{{1,{size}}}", answer)
    return [*(code for piece in pieces for code in spans.feed(piece)), *spans.flush()]


def test_blocks_sessions_and_inline_code_are_told_apart() -> None:
    inline, block, session, last = found(ANSWER)
    assert (inline.text, inline.block) == ("np.roots(p)", False)
    assert (block.text, block.language) == ("import numpy as np\nnp.roots([1, 2])", "python")
    assert session.text == "np.poly([1])\nfor x in y:\n    np.abs(x)"
    assert last.text == "x"


@given(st.integers(1, 40))
def test_every_line_knows_its_place_at_any_cut(size: int) -> None:
    codes = found(ANSWER, size)
    assert codes == found(ANSWER)
    for line in (line for code in codes for line in code.lines):
        assert ANSWER[line.start :].startswith(line.text)


def test_a_block_that_was_cut_off_counts() -> None:
    (code,) = found("```py\nnp.roots(p")
    assert code.text == "np.roots(p"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_block_of_an_absurd_length_is_left_alone(size: int) -> None:
    long = "```py\n" + "x = np.roots(p)\n" * 2000 + "```\nthen `np.poly`\n"
    assert [code.text for code in found(long, size)] == ["", "np.poly"]
