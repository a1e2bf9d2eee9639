"""Rewrites of selected code: from the light bulb through the diff into the document."""

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.editor

CODE = """\
def squares(numbers):
    result = []
    for number in numbers:
        result.append(number * number)
    return result


def total(numbers):
    result = 0
    for number in numbers:
        result += number
    return result
"""
SQUARES = "def squares(numbers):\n    return [number * number for number in numbers]\n"
TOTAL = "def total(numbers):\n    return sum(numbers)\n"
ANSWER = f"```python\n{SQUARES}\n\n{TOTAL}```\n\nA comprehension and `sum` do it.\n"


@pytest.fixture
async def chosen(answering, upstream, open_workbench):
    """``await chosen("Optimize", answer)``: a window where that was chosen for the whole file."""

    async def start(title, answer):
        upstream.says(answer, pause_s=0.02)
        window = await open_workbench(answering.url, {"sums.py": CODE})
        await window.open("sums.py")
        await window.ready()
        await window.page.keyboard.press("Control+a")
        action = window.page.locator(".action-widget").get_by_text(f"Glossator: {title}")
        # Pressed before the code actions are known it opens nothing.
        await window.page.keyboard.press("Control+.")
        for _ in range(20):
            try:
                await expect(action).to_be_visible(timeout=1000)
                break
            except AssertionError:
                await window.page.keyboard.press("Control+.")
        await action.click()
        return window

    return start


async def test_changes_are_accepted_and_rejected_one_by_one(chosen, picture):
    """The first is accepted, the second rejected: the document has the first, and the diff goes."""
    window = await chosen("Optimize", ANSWER)
    diff = window.page.locator(".monaco-diff-editor")
    # The second change is out of sight, and so not in the page, until it is the current one.
    await expect(diff).to_contain_text("[number * number for number in numbers]")
    thread = window.page.locator(".review-widget")
    await expect(thread).to_contain_text("A comprehension")
    await picture(window, "diff")
    await window.page.keyboard.press("Control+Enter")
    await expect(diff.locator(".editor.original")).to_contain_text("[number * number")
    await expect(diff).to_contain_text("sum(numbers)")
    await window.page.keyboard.press("Control+Backspace")
    await expect(diff).to_be_hidden()
    assert await window.text() == CODE.replace(CODE[: CODE.index("\n\n\n") + 1], SQUARES)


async def test_all_changes_are_accepted_at_once(chosen):
    """By the button in the title."""
    window = await chosen("Optimize", ANSWER)
    await expect(window.page.locator(".review-widget")).to_contain_text("A comprehension")
    await window.page.get_by_role("button", name="Accept All Changes").click()
    await expect(window.page.locator(".monaco-diff-editor")).to_be_hidden()
    assert await window.text() == f"{SQUARES}\n\n{TOTAL}"


async def test_code_that_changed_meanwhile_is_left_alone(chosen):
    """A stale change is refused, with the reason; what the user typed stays."""
    window = await chosen("Optimize", ANSWER)
    await expect(window.page.locator(".review-widget")).to_contain_text("A comprehension")
    await window.page.get_by_role("tab", name="sums.py", exact=True).click()
    await window.page.locator(".monaco-editor .view-line").first.click()
    await window.page.keyboard.press("Control+Home")
    await window.page.keyboard.type("async ")
    await window.page.get_by_role("tab", name="Optimize: sums.py").click()
    await window.page.get_by_role("button", name="Accept All Changes").click()
    await expect(window.notification("changed meanwhile")).to_be_visible()
    await window.page.get_by_role("button", name="Reject All Changes").click()
    await expect(window.page.locator(".monaco-diff-editor")).to_be_hidden()
    assert await window.text() == f"async {CODE}"


async def test_a_rewrite_that_failed_its_check_can_only_be_read(chosen):
    """A changed signature is shown as text beside the code, and nothing can be applied."""
    window = await chosen("Document", ANSWER.replace("total(numbers)", "total(values)"))
    thread = window.page.locator(".review-widget")
    await expect(thread).to_contain_text("failed its check")
    await expect(thread).to_contain_text("The signature of total is changed")
    await expect(window.page.locator(".monaco-diff-editor")).to_be_hidden()
    await expect(window.page.locator(".tab.active.dirty")).to_have_count(0)
    assert CODE.startswith(await window.text())  # the thread covers the last line
