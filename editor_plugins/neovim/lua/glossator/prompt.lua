--- The chat's input: a small buffer in which Enter sends. Text that was not sent stays.
local M = {}

---@class glossator.PromptActions
---@field send fun(text: string)
---@field stop fun()
---@field likely fun(text: string) the user is about to ask this
---@field mentions fun(prefix: string, show: fun(mentions: glossator.Mention[]))

local LIKELY_AFTER_MS = 250

---@param buffer integer
---@return string
local function text_of(buffer)
  return vim.trim(table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n"))
end

--- The word that begins with `@` or `/` and ends at the cursor, and its column, counted from 0. A slash
--- command can only be at the beginning of the prompt.
---@param before string the line up to the cursor
---@param first boolean whether it is the first line
---@return string? word
---@return integer column
function M.mention(before, first)
  local column, word = before:match("()(@[^%s@]*)$")
  if column and (column == 1 or before:sub(column - 1, column - 1):match("%s")) then
    return word, column - 1
  end
  if first and before:match("^/%S*$") then
    return before, 0
  end
  return nil, 0
end

---@param buffer integer
---@param actions glossator.PromptActions
local function complete(buffer, actions)
  local function current()
    local row, column = unpack(vim.api.nvim_win_get_cursor(0))
    return M.mention(vim.api.nvim_get_current_line():sub(1, column), row == 1)
  end
  local word = current()
  if not word then
    return
  end
  actions.mentions(word, function(mentions)
    local typing = vim.api.nvim_get_current_buf() == buffer and vim.fn.mode():find("^i")
    local now, column = current()
    if typing and now == word then -- else a newer one is under way
      local items = vim.tbl_map(function(mention)
        return { word = mention.label, menu = mention.detail }
      end, mentions)
      vim.fn.complete(column + 1, items)
    end
  end)
end

---@param buffer integer
---@param actions glossator.PromptActions
local function map(buffer, actions)
  local function send()
    local text = text_of(buffer)
    if text ~= "" then
      vim.api.nvim_buf_set_lines(buffer, 0, -1, false, {})
      actions.send(text)
    end
  end
  local function key(mode, lhs, rhs, desc, expr)
    vim.keymap.set(mode, lhs, rhs, { buffer = buffer, desc = desc, expr = expr })
  end
  key("n", "<CR>", send, "Send")
  key("i", "<CR>", function()
    if vim.fn.complete_info({ "selected" }).selected >= 0 then
      return "<C-y>"
    end
    vim.schedule(send)
    return vim.fn.pumvisible() == 1 and "<C-e>" or ""
  end, "Send, or take the selected completion", true)
  key("i", "<C-j>", "<CR>", "New line")
  key({ "n", "i" }, "<C-c>", actions.stop, "Stop the answer")
  key("n", "q", "<Cmd>Glossator close<CR>", "Close the chat")
end

---@param actions glossator.PromptActions
---@return integer buffer
function M.buffer(actions)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, "glossator://prompt")
  vim.bo[buffer].bufhidden = "hide"
  vim.bo[buffer].filetype = "glossator-prompt"
  vim.bo[buffer].completeopt = "menu,menuone,noselect"
  map(buffer, actions)

  local timer = assert(vim.uv.new_timer())
  local function likely()
    if vim.api.nvim_buf_is_valid(buffer) then
      actions.likely(text_of(buffer))
    end
  end
  local function on(event, callback)
    vim.api.nvim_create_autocmd(event, { buffer = buffer, callback = callback })
  end
  on("BufEnter", likely)
  on({ "TextChangedI", "TextChangedP" }, function()
    timer:start(LIKELY_AFTER_MS, 0, vim.schedule_wrap(likely))
  end)
  on("TextChangedI", function()
    complete(buffer, actions)
  end)
  on("BufWipeout", function()
    timer:close()
  end)
  return buffer
end

return M
