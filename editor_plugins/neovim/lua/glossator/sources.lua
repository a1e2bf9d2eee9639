--- Lists the citations under an answer, and opens them at their line.
local M = {}

local namespace = vim.api.nvim_create_namespace("glossator.sources")

--- The citations of each answer in a buffer, by the extmark of the answer's first line.
---@type table<integer, table<integer, glossator.Citation[]>>
local answers = {}

---@param citation glossator.Citation
---@return string
local function place(citation)
  local uri = citation.uri
  if vim.startswith(uri, "file:") then
    uri = vim.uri_to_fname(uri)
  end
  if type(citation.line) == "number" then
    uri = uri .. ":" .. (citation.line + 1)
  end
  return uri
end

---@param citations glossator.Citation[]
---@return string[] lines
function M.list(citations)
  if #citations == 0 then
    return {}
  end
  return vim.list_extend(
    { "Sources:" },
    vim.tbl_map(function(citation)
      return ("[%d] %s %s"):format(citation.number, citation.title, place(citation))
    end, citations)
  )
end

--- From the current end of the buffer on, `[1]` refers to these citations.
---@param buffer integer
---@param citations glossator.Citation[]
function M.mark(buffer, citations)
  if not answers[buffer] then
    answers[buffer] = {}
    vim.api.nvim_buf_attach(buffer, false, {
      on_detach = function()
        answers[buffer] = nil
      end,
    })
    for _, key in ipairs({ "<CR>", "gf", "gF" }) do
      vim.keymap.set("n", key, M.open_at_cursor, { buffer = buffer, desc = "Open the source" })
    end
  end
  local row = vim.api.nvim_buf_line_count(buffer) - 1
  local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, row, 0, { right_gravity = false })
  answers[buffer][mark] = citations
end

--- The citations that a line of a buffer refers to: those of the answer to which it belongs.
---@param buffer integer
---@param row integer from 0
---@return glossator.Citation[]
function M.of_line(buffer, row)
  local before = vim.api.nvim_buf_get_extmarks(buffer, namespace, { row, -1 }, 0, { limit = 1 })
  return before[1] and answers[buffer] and answers[buffer][before[1][1]] or {}
end

--- The number in the brackets around `column`, otherwise in the first brackets of the line.
---@param line string
---@param column integer from 0
---@return integer?
function M.number_at(line, column)
  local first
  for from, number, to in line:gmatch("()%[(%d+)%]()") do
    if from <= column + 1 and column + 1 < to then
      return tonumber(number)
    end
    first = first or tonumber(number)
  end
  return first
end

---@param citation glossator.Citation
local function open(citation)
  if citation.uri:match("^https?://") then
    vim.ui.open(citation.uri)
    return
  end
  -- A file on another host would be fetched from there, and another scheme may start any program.
  if not vim.startswith(citation.uri, "file:///") then
    vim.notify(
      ("glossator: %s is neither a page nor a file of this machine"):format(citation.uri),
      vim.log.levels.WARN
    )
    return
  end
  local name = vim.uri_to_fname(citation.uri)
  if not vim.uv.fs_stat(name) then
    vim.notify(("glossator: %s is not on this machine"):format(name), vim.log.levels.WARN)
    return
  end
  require("glossator.place").enter()
  vim.cmd("normal! m'") -- <C-o> comes back
  vim.cmd.edit(vim.fn.fnameescape(name))
  if type(citation.line) == "number" then
    local last = vim.api.nvim_buf_line_count(0)
    vim.api.nvim_win_set_cursor(0, { math.min(citation.line + 1, last), 0 })
    vim.cmd("normal! zvzz")
  end
end

--- Opens the source that the cursor is on, in the window of the code.
function M.open_at_cursor()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local number = M.number_at(vim.api.nvim_get_current_line(), column)
  for _, citation in ipairs(M.of_line(vim.api.nvim_get_current_buf(), row - 1)) do
    if citation.number == number then
      open(citation)
      return
    end
  end
  vim.notify("glossator: no source in this line", vim.log.levels.INFO)
end

--- The sources of the answer at a line, as a quickfix list.
---@param buffer integer
---@param row integer from 0
function M.quickfix(buffer, row)
  local items = vim.tbl_map(function(citation)
    local file = vim.startswith(citation.uri, "file:")
    return {
      filename = file and vim.uri_to_fname(citation.uri) or nil,
      lnum = type(citation.line) == "number" and citation.line + 1 or 1,
      text = ("[%d] %s%s"):format(citation.number, citation.title, file and "" or " " .. citation.uri),
    }
  end, M.of_line(buffer, row))
  if #items == 0 then
    vim.notify("glossator: this answer has no sources", vim.log.levels.INFO)
    return
  end
  vim.fn.setqflist({}, " ", { title = "Glossator: sources", items = items })
  vim.cmd("botright copen")
end

return M
