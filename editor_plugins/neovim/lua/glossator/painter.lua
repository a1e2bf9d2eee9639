--- Appends text to a buffer as it arrives, without freezing the editor or moving the cursor.
--- It paints the first piece at once, and later ones together, at most once per interval.
local M = {}

local INTERVAL_MS = 30

---@class glossator.Painter
---@field buffer integer
---@field painted? fun() called after the text has changed
---@field private pending string[]
---@field private resting boolean
local Painter = {}
Painter.__index = Painter

---@param buffer integer
---@return glossator.Painter
function M.new(buffer)
  return setmetatable({ buffer = buffer, pending = {}, resting = false }, Painter)
end

--- A buffer to paint in. It is not a file, is not listed, and the user cannot change it.
---@param filetype string
---@param language string of the text, for colours
---@return integer
function M.buffer(filetype, language)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].undolevels = -1
  vim.bo[buffer].filetype = filetype
  vim.bo[buffer].modifiable = false
  pcall(vim.treesitter.start, buffer, language) -- colours only, where the parser is installed
  return buffer
end

---@param text string
function Painter:append(text)
  table.insert(self.pending, text)
  if not self.resting then
    self:flush()
    self:rest()
  end
end

--- Paints at once, after what is pending. The first piece of the next answer does not wait either.
---@param text string
function Painter:paint(text)
  table.insert(self.pending, text)
  self:flush()
end

---@private
function Painter:flush()
  local text = table.concat(self.pending)
  self.pending = {}
  if text ~= "" and vim.api.nvim_buf_is_valid(self.buffer) then
    self:write(text)
    if self.painted then
      self.painted()
    end
  end
end

---@private
function Painter:rest()
  self.resting = true
  vim.defer_fn(function()
    self.resting = false
    if #self.pending > 0 then
      self:flush()
      self:rest()
    end
  end, INTERVAL_MS)
end

--- A window whose cursor is at the end follows the text. A selection stays as it is.
---@param buffer integer
---@return integer[]
local function following(buffer)
  local last = vim.api.nvim_buf_line_count(buffer)
  local current = vim.api.nvim_get_current_win()
  return vim.tbl_filter(function(window)
    local selecting = window == current and vim.fn.mode():find("^[vVsS\22\19]") ~= nil
    return not selecting and vim.api.nvim_win_get_cursor(window)[1] == last
  end, vim.fn.win_findbuf(buffer))
end

---@private
---@param text string
function Painter:write(text)
  local windows = following(self.buffer)
  local lines = vim.split(text:gsub("\r\n", "\n"), "\n", { plain = true })
  vim.bo[self.buffer].modifiable = true
  vim.api.nvim_buf_set_text(self.buffer, -1, -1, -1, -1, lines)
  vim.bo[self.buffer].modifiable = false
  local last = vim.api.nvim_buf_line_count(self.buffer)
  for _, window in ipairs(windows) do
    vim.api.nvim_win_set_cursor(window, { last, 0 })
  end
end

return M
