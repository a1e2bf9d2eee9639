--- The chat's two windows: the transcript, and the prompt below it.
local M = {}

local PROMPT_LINES = 4
local group = vim.api.nvim_create_augroup("glossator.panel", {})

---@type integer?, integer?
local transcript, prompt

---@param window integer?
---@return boolean
local function open(window)
  return window ~= nil and vim.api.nvim_win_is_valid(window)
end

---@param window integer
local function plain(window)
  local options = vim.wo[window][0]
  options.wrap = true
  options.linebreak = true
  options.number = false
  options.relativenumber = false
  options.signcolumn = "no"
  options.foldenable = false
  options.winfixbuf = true
end

---@param window integer
local function to_end(window)
  local last = vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(window))
  vim.api.nvim_win_set_cursor(window, { last, 0 })
end

--- Cuts the beginning of a text that is too long, because its end says what to do.
---@param window integer
---@param name string
---@param text string
local function bar(window, name, text)
  vim.wo[window].winbar = name .. "%<" .. text:gsub("%%", "%%%%")
end

---@return boolean
function M.is_open()
  return open(transcript) and open(prompt)
end

function M.close()
  for _, window in pairs({ prompt, transcript }) do
    if open(window) and #vim.api.nvim_tabpage_list_wins(0) > 1 then
      vim.api.nvim_win_close(window, true)
    end
  end
  transcript, prompt = nil, nil
end

--- Opens the windows in this tab page, or shows other buffers in them.
---@param transcript_buffer integer
---@param prompt_buffer integer
function M.show(transcript_buffer, prompt_buffer)
  if M.is_open() and vim.api.nvim_win_get_tabpage(transcript) == vim.api.nvim_get_current_tabpage() then
    if vim.api.nvim_win_get_buf(transcript) ~= transcript_buffer then
      vim.wo[transcript].winfixbuf = false
      vim.api.nvim_win_set_buf(transcript, transcript_buffer)
      plain(transcript)
      to_end(transcript)
    end
    return
  end
  M.close()
  local config = require("glossator.config").current
  local sideways = config.split == "right" or config.split == "left"
  transcript = vim.api.nvim_open_win(transcript_buffer, false, {
    split = config.split,
    win = require("glossator.place").window(),
    width = sideways and math.min(config.width, math.floor(vim.o.columns / 2)) or nil,
  })
  prompt = vim.api.nvim_open_win(prompt_buffer, false, {
    split = "below",
    win = transcript,
    height = PROMPT_LINES,
  })
  plain(transcript)
  plain(prompt)
  vim.wo[prompt].winfixheight = true
  to_end(transcript)
  local opened = transcript
  vim.api.nvim_clear_autocmds({ group = group })
  vim.api.nvim_create_autocmd("WinClosed", {
    group = group,
    pattern = { tostring(transcript), tostring(prompt) },
    once = true,
    callback = vim.schedule_wrap(function()
      if transcript == opened then -- else the chat has been opened anew
        M.close()
      end
    end),
  })
end

--- Puts the cursor into the prompt, ready to type.
function M.focus()
  if open(prompt) then
    vim.api.nvim_set_current_win(prompt)
    vim.cmd.startinsert({ bang = true })
  end
end

---@param state string what the transcript's bar says after its name
---@param hint string what the prompt's says
function M.bars(state, hint)
  if M.is_open() then
    bar(transcript, "Glossator", state)
    bar(prompt, "", hint)
  end
end

--- The line of the transcript that its window's cursor is on, from 0.
---@return integer
function M.row()
  return open(transcript) and vim.api.nvim_win_get_cursor(transcript)[1] - 1 or 0
end

return M
