"""The Neovim plugin's pure parts, its help and its manners, in a real Neovim."""

import json
import shutil

import pytest

pytestmark = pytest.mark.editor

NOBODY = "ws://127.0.0.1:9"


async def test_a_citation_is_found_at_the_cursor_or_in_the_line(nvim, file):
    """The brackets under the cursor, else the first ones."""
    await nvim.start(NOBODY, file)
    for line, column, number in [
        ("no source", 3, None),
        ("see [2].", 0, 2),
        ("see [2] and [3].", 4, 2),
        ("see [2] and [3].", 13, 3),
        ("[12] a title /a/b.py:3", 20, 12),
        ("x[i] and [4]", 0, 4),
    ]:
        call = f"require('glossator.sources').number_at({json.dumps(line)}, {column})"
        assert await nvim.lua(call) == number, line


async def test_a_mention_ends_at_the_cursor(nvim, file):
    """A slash command begins the prompt, a mention a word."""
    await nvim.start(NOBODY, file)
    for before, first, word, column in [
        ("@fi", True, "@fi", 0),
        ("explain @", False, "@", 8),
        ("mail me@host", True, None, 0),
        ("/ex", True, "/ex", 0),
        ("/ex", False, None, 0),
        ("a /ex", True, None, 0),
        ("@file now", True, None, 0),
    ]:
        call = f"require('glossator.prompt').mention({json.dumps(before)}, {json.dumps(first)})"
        assert await nvim.lua(call) == word, before
        assert await nvim.lua(f"select(2, {call})") == column, before


async def test_every_command_and_setting_is_in_the_help(nvim, file, plugin, tmp_path):
    """`:helptags` finds no fault with it, and no entry is missing."""
    doc = shutil.copytree(plugin / "doc", tmp_path / "doc")
    await nvim.start(NOBODY, file)
    await nvim.command(f"helptags {doc}")
    tags = {line.split("\t")[0] for line in (doc / "tags").read_text().splitlines()}
    commands = await nvim.lua("vim.tbl_keys(require('glossator.commands').subcommands)")
    assert {f":Glossator-{name}" for name in commands} <= tags
    text = (doc / "glossator.txt").read_text()
    settings = await nvim.lua("vim.tbl_keys(require('glossator.config').defaults)")
    assert [name for name in (*settings, "filetypes") if f"  {name} = " not in text] == []


async def test_nothing_is_loaded_before_it_is_used(nvim, file):
    """Starting Neovim with the plugin costs its settings and the server's configuration."""
    await nvim.start(NOBODY, file, prepare=False)
    loaded = await nvim.lua(
        "vim.tbl_filter(function(name) return vim.startswith(name, 'glossator') end,"
        " vim.tbl_keys(package.loaded))"
    )
    assert sorted(loaded) == ["glossator", "glossator.config", "glossator.server"]


async def test_what_is_typed_wrong_is_refused_with_what_is_right(nvim, file):
    """A command without its question, one that does not exist, one that takes no argument."""
    await nvim.start(NOBODY, file)
    for command, words in [
        ("Glossator ask", ":[range]Glossator ask {question}"),
        ("Glossator aks me", "there are: ask, chat"),
        ("Glossator stop it", '"stop" takes no argument'),
    ]:
        with pytest.raises(RuntimeError) as refusal:
            await nvim.command(command)
        assert words in str(refusal.value)


PROPOSAL = """(function()
  local buffer = vim.api.nvim_create_buf(false, true)
  local proposal = require('glossator.proposal').new(buffer, { 'a', 'b', 'c', 'd', 'e' })
  local function at(line, to) return {
    start = { line = line, character = 0 }, ['end'] = { line = to, character = 0 } } end
  proposal:finish({
    { id = 7, range = at(3, 5), oldText = 'd\\ne\\n', newText = 'D\\n' },
    { id = 2, range = at(0, 1), oldText = 'a\\n', newText = '' },
    { id = 5, range = at(2, 2), oldText = '', newText = 'new\\n' },
  })
  local function shown() return vim.api.nvim_buf_get_lines(buffer, 0, -1, false) end
  local states = { shown() }
  local function id(row) return (proposal:at(row) or {}).id or 0 end
  table.insert(states, { id(0), id(1), id(2), id(3) })
  proposal:reject(proposal:at(0))
  table.insert(states, shown())
  proposal:accepted({ 5 })
  proposal:reject(proposal:at(4))
  table.insert(states, shown())
  table.insert(states, #proposal:open())
  return states
end)()"""


async def test_a_proposal_lays_its_hunks_over_the_document(nvim, file):
    """In any order, deletions and insertions too; rejecting one brings its old lines back."""
    await nvim.start(NOBODY, file)
    laid, under_the_cursor, first_rejected, rest_decided, left = await nvim.lua(PROPOSAL)
    assert laid == ["b", "new", "c", "D"]
    assert under_the_cursor == [2, 5, 0, 7]
    assert first_rejected == ["a", "b", "new", "c", "D"]
    assert rest_decided == ["a", "b", "new", "c", "d", "e"]
    assert left == 0
