--- A rewrite, laid hunk by hunk over the document that it was asked about. It changes only its own
--- buffer. The server changes the document, because it knows when a hunk no longer fits.
local M = {}

local namespace = vim.api.nvim_create_namespace("glossator.proposal")

---@class glossator.Change: glossator.Hunk
---@field state "open"|"accepted"|"rejected"
---@field mark integer

---@class glossator.Proposal
---@field changes glossator.Change[]
---@field private buffer integer
---@field private original string[]
local Proposal = {}
Proposal.__index = Proposal

---@param buffer integer
---@param original string[] the document's lines when the rewrite was asked for
---@return glossator.Proposal
function M.new(buffer, original)
  return setmetatable({ buffer = buffer, original = original, changes = {} }, Proposal)
end

---@param text string whole lines
---@return string[]
function M.lines(text)
  if text == "" then
    return {}
  end
  return vim.split((text:gsub("\r\n", "\n"):gsub("\n$", "")), "\n", { plain = true })
end

---@private
---@param first integer
---@param last integer exclusive
---@param lines string[]
function Proposal:write(first, last, lines)
  vim.bo[self.buffer].modifiable = true
  vim.api.nvim_buf_set_lines(self.buffer, first, last, false, lines)
  vim.bo[self.buffer].modifiable = false
end

---@param lines string[]
function Proposal:replace(lines)
  self:write(0, -1, lines)
end

--- Writes code that still streams over the lines that it will replace.
---@param range lsp.Range whole lines
---@param code string
function Proposal:overwrite(range, code)
  local new = M.lines(code)
  local first = range.start.line
  local last = math.max(range["end"].line, math.min(first + #new, range["end"].line))
  local lines = vim.list_slice(self.original, 1, first)
  vim.list_extend(lines, new)
  vim.list_extend(lines, vim.list_slice(self.original, math.min(first + #new, last) + 1))
  self:replace(lines)
end

--- The lines that a hunk replaces: the first, and the one after the last, counted from 0.
---@param hunk glossator.Hunk
---@return integer, integer
local function span(hunk)
  local to = hunk.range["end"]
  return hunk.range.start.line, to.line + (to.character > 0 and 1 or 0)
end

---@param hunks glossator.Hunk[]
function Proposal:finish(hunks)
  local sorted = vim.list_slice(hunks)
  table.sort(sorted, function(a, b)
    return a.range.start.line < b.range.start.line
  end)
  local lines, next_line, places = {}, 0, {}
  for _, hunk in ipairs(sorted) do
    local first, after = span(hunk)
    vim.list_extend(lines, vim.list_slice(self.original, next_line + 1, first))
    local from = #lines
    vim.list_extend(lines, M.lines(hunk.newText))
    table.insert(places, { from, #lines })
    next_line = after
  end
  vim.list_extend(lines, vim.list_slice(self.original, next_line + 1))
  self:replace(lines)
  for index, hunk in ipairs(sorted) do
    local from, to = unpack(places[index])
    local mark = vim.api.nvim_buf_set_extmark(self.buffer, namespace, from, 0, {
      end_row = to,
      right_gravity = false,
      strict = false,
    })
    self.changes[index] = vim.tbl_extend("error", hunk, { state = "open", mark = mark })
  end
end

--- The lines of a change in the proposal: the first, and the one after the last, counted from 0.
---@param change glossator.Change
---@return integer, integer
function Proposal:span(change)
  local mark = vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, change.mark, { details = true })
  return mark[1], mark[3].end_row
end

--- The open change at a line. A deletion is at the line that follows it.
---@param row integer from 0
---@return glossator.Change?
function Proposal:at(row)
  return vim.iter(self.changes):find(function(change)
    local from, to = self:span(change)
    return change.state == "open" and row >= from and row < math.max(to, from + 1)
  end)
end

---@return glossator.Change[]
function Proposal:open()
  return vim.tbl_filter(function(change)
    return change.state == "open"
  end, self.changes)
end

---@param ids integer[]
function Proposal:accepted(ids)
  for _, change in ipairs(self.changes) do
    if vim.list_contains(ids, change.id) then
      change.state = "accepted"
    end
  end
end

--- Restores the old lines.
---@param change glossator.Change
function Proposal:reject(change)
  local from, to = self:span(change)
  change.state = "rejected"
  self:write(from, to, M.lines(change.oldText))
end

return M
