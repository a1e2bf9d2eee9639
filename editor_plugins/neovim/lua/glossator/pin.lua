--- A selection that stays with its text while the user types elsewhere, and that stays visible.
local M = {}

local namespace = vim.api.nvim_create_namespace("glossator.pin")

---@class glossator.Pin
---@field buffer integer
---@field private mark integer
---@field private encoding string
local Pin = {}
Pin.__index = Pin

---@param place glossator.Place
---@param encoding string
---@return glossator.Pin
function M.new(place, encoding)
  local buffer = place.buffer
  local function column(position)
    local line = vim.api.nvim_buf_get_lines(buffer, position.line, position.line + 1, false)[1] or ""
    return vim.str_byteindex(line, encoding, position.character, false)
  end
  local from, to = place.range.start, place.range["end"]
  local mark = vim.api.nvim_buf_set_extmark(buffer, namespace, from.line, column(from), {
    end_row = to.line,
    end_col = column(to),
    hl_group = "Visual",
    strict = false, -- an end in the line after the last one
  })
  return setmetatable({ buffer = buffer, mark = mark, encoding = encoding }, Pin)
end

--- Where the text is now, or nil if it is gone.
---@return glossator.Place?
function Pin:place()
  if not vim.api.nvim_buf_is_loaded(self.buffer) then
    return nil
  end
  local row, column, details =
    unpack(vim.api.nvim_buf_get_extmark_by_id(self.buffer, namespace, self.mark, { details = true }))
  if not row or (row == details.end_row and column == details.end_col) then
    return nil
  end
  local function position(line, byte)
    local text = vim.api.nvim_buf_get_lines(self.buffer, line, line + 1, false)[1] or ""
    return { line = line, character = vim.str_utfindex(text, self.encoding, byte, false) }
  end
  return {
    buffer = self.buffer,
    range = {
      start = position(row, column),
      ["end"] = position(details.end_row, details.end_col),
    },
  }
end

--- Names the selection for the user: `signal.py:3-4`.
---@return string
function Pin:label()
  local place = self:place()
  if not place then
    return ""
  end
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(self.buffer))
  local to = place.range["end"]
  local last = to.line + (to.character > 0 and 1 or 0)
  return ("%s:%d-%d"):format(name, place.range.start.line + 1, last)
end

function Pin:remove()
  if vim.api.nvim_buf_is_valid(self.buffer) then
    vim.api.nvim_buf_del_extmark(self.buffer, namespace, self.mark)
  end
end

return M
