--- The place in the code from which a question is asked: a document, and a cursor or a selection.
local M = {}

---@class glossator.Place
---@field buffer integer
---@field range lsp.Range empty: a cursor

--- The selected lines: counted from 1, both included.
---@alias glossator.Lines { first: integer, last: integer }

---@type integer? the window of code that was left last
local left

---@param window integer
---@return boolean
local function ours(window)
  return vim.startswith(vim.bo[vim.api.nvim_win_get_buf(window)].filetype, "glossator")
end

---@param window integer
---@return boolean
local function here(window)
  return vim.api.nvim_win_is_valid(window)
    and vim.api.nvim_win_get_tabpage(window) == vim.api.nvim_get_current_tabpage()
    and vim.bo[vim.api.nvim_win_get_buf(window)].buftype == ""
end

vim.api.nvim_create_autocmd("WinLeave", {
  group = vim.api.nvim_create_augroup("glossator.place", {}),
  callback = function()
    local window = vim.api.nvim_get_current_win()
    left = here(window) and window or left
  end,
})

--- The window that has the code: the current one, unless that is ours.
---@return integer
function M.window()
  local current = vim.api.nvim_get_current_win()
  if not ours(current) then
    return current
  end
  if left and here(left) then
    return left
  end
  return vim.iter(vim.api.nvim_tabpage_list_wins(0)):find(here) or current
end

--- Goes to the window that has the code, and makes one if there is none.
function M.enter()
  local window = M.window()
  if ours(window) then
    vim.cmd("leftabove vnew")
  else
    vim.api.nvim_set_current_win(window)
  end
end

---@param from integer
---@param to integer
---@return lsp.Range
local function lines_between(from, to)
  return {
    start = { line = from - 1, character = 0 },
    ["end"] = { line = to, character = 0 }, -- exclusive: the line after
  }
end

--- A range of characters between two positions as `getpos` gives them.
---@param buffer integer
---@param a integer[]
---@param b integer[]
---@param encoding string
---@return lsp.Range
local function characters_between(buffer, a, b, encoding)
  local from, to = { a[2], a[3] - 1 }, { b[2], b[3] - 1 }
  if from[1] > to[1] or (from[1] == to[1] and from[2] > to[2]) then
    from, to = to, from
  end
  local length = #(vim.api.nvim_buf_get_lines(buffer, to[1] - 1, to[1], false)[1] or "")
  to[2] = math.min(to[2], math.max(length - 1, 0)) -- `$` selects beyond the end
  return vim.lsp.util.make_given_range_params(from, to, buffer, encoding).range
end

---@param buffer integer
---@param encoding string
---@return lsp.Range?
local function selection(buffer, encoding)
  local mode = vim.fn.mode()
  local a, b = vim.fn.getpos("v"), vim.fn.getpos(".")
  if mode == "v" then
    return characters_between(buffer, a, b, encoding)
  elseif mode == "V" or mode == "\22" then
    return lines_between(math.min(a[2], b[2]), math.max(a[2], b[2]))
  end
end

--- `lines` is the range of a command. It names whole lines, but a command that was typed from visual
--- mode means the characters that were selected.
---@param buffer integer
---@param lines glossator.Lines
---@param encoding string
---@return lsp.Range
local function given(buffer, lines, encoding)
  local a, b = vim.fn.getpos("'<"), vim.fn.getpos("'>")
  if vim.fn.visualmode() == "v" and a[2] == lines.first and b[2] == lines.last then
    return characters_between(buffer, a, b, encoding)
  end
  return lines_between(lines.first, lines.last)
end

--- The selection (in visual mode, or the given lines), otherwise the cursor.
---@param client vim.lsp.Client
---@param lines? glossator.Lines
---@return glossator.Place
function M.current(client, lines)
  local window = M.window()
  local buffer = vim.api.nvim_win_get_buf(window)
  local encoding = client.offset_encoding
  local range
  if window == vim.api.nvim_get_current_win() then
    range = lines and given(buffer, lines, encoding) or selection(buffer, encoding)
  end
  if not range then
    local position = vim.lsp.util.make_position_params(window, encoding).position
    range = { start = position, ["end"] = position }
  end
  return { buffer = buffer, range = range }
end

---@param range lsp.Range
---@return boolean
function M.is_cursor(range)
  return vim.deep_equal(range.start, range["end"])
end

--- The members of a request that say where it is asked from. There are none for a buffer that the
--- server does not know.
---@param client vim.lsp.Client
---@param place glossator.Place
---@return { textDocument?: { uri: string }, cursorState?: glossator.CursorState[] }
function M.params(client, place)
  if not vim.lsp.buf_is_attached(place.buffer, client.id) then
    return {}
  end
  local cursor = M.is_cursor(place.range) and { position = place.range.start } or { range = place.range }
  return {
    textDocument = { uri = vim.uri_from_bufnr(place.buffer) },
    cursorState = { cursor },
  }
end

return M
