--- Shows an answer in a floating window beside the code: explanations, and questions at the cursor.
--- The window grows with the answer. It takes the focus only when it is asked for again. It closes,
--- and thereby stops the answer, when the cursor moves on.
local answer = require("glossator.answer")
local painter = require("glossator.painter")
local place = require("glossator.place")
local server = require("glossator.server")

local M = {}

local MAX_WIDTH, MAX_HEIGHT = 80, 18

---@type integer?
local window

---@return boolean
local function is_open()
  return window ~= nil and vim.api.nvim_win_is_valid(window)
end

local function close()
  if is_open() then
    vim.api.nvim_win_close(window, true)
  end
  window = nil
end

---@param buffer integer
---@param title string
local function open(buffer, title)
  window = vim.api.nvim_open_win(buffer, false, {
    relative = "cursor",
    row = 1,
    col = 0,
    width = math.min(MAX_WIDTH, vim.o.columns - 4),
    height = 1,
    style = "minimal",
    border = "rounded",
    title = " " .. title .. " ",
  })
  vim.wo[window].wrap = true
  vim.wo[window].linebreak = true
  vim.wo[window].conceallevel = 2
end

--- Closes at the next move in the code, but not at a move into the window itself.
---@param code integer the buffer that was asked from
---@param group integer
local function watch(code, group)
  vim.api.nvim_create_autocmd({ "CursorMoved", "InsertEnter", "BufLeave" }, {
    group = group,
    buffer = code,
    callback = vim.schedule_wrap(function()
      if vim.api.nvim_get_current_win() ~= window then
        close()
      end
    end),
  })
end

---@param client vim.lsp.Client
---@param code integer
---@param params glossator.ExplainParams
---@param title string
local function show(client, code, params, title)
  close()
  local buffer = painter.buffer("glossator-float", "markdown")
  vim.bo[buffer].bufhidden = "wipe"
  open(buffer, title)
  local mine = window
  local paint = painter.new(buffer)
  paint.painted = function()
    if mine and vim.api.nvim_win_is_valid(mine) then
      local height = vim.api.nvim_win_text_height(mine, {}).all
      vim.api.nvim_win_set_height(mine, math.max(1, math.min(height, MAX_HEIGHT)))
    end
  end
  local streaming = answer.start({
    client = client,
    document = code,
    method = "glossator/explain",
    params = params,
    painter = paint,
  })
  local group = vim.api.nvim_create_augroup("glossator.float", {})
  watch(code, group)
  vim.api.nvim_create_autocmd("BufWipeout", {
    group = group,
    buffer = buffer,
    callback = function()
      streaming:stop()
      vim.api.nvim_create_augroup("glossator.float", {})
    end,
  })
  for _, key in ipairs({ "q", "<Esc>" }) do
    vim.keymap.set("n", key, close, { buffer = buffer, desc = "Close" })
  end
end

--- Explains the selection or the code around the cursor, or answers a question there.
---@param question? string
---@param lines? glossator.Lines
function M.explain(question, lines)
  if is_open() and not question then
    vim.api.nvim_set_current_win(window)
    return
  end
  local code = vim.api.nvim_win_get_buf(place.window())
  local client = server.expect_client(code)
  if not client then
    return
  end
  if not vim.lsp.buf_is_attached(code, client.id) then
    vim.notify("glossator: explaining needs a file; :Glossator ask does not", vim.log.levels.ERROR)
    return
  end
  show(client, code, {
    textDocument = { uri = vim.uri_from_bufnr(code) },
    range = place.current(client, lines).range,
    question = question,
  }, question or "Explain")
end

--- Runs the command of a code action.
---@param client_id integer
---@param params glossator.ExplainParams
function M.from_action(client_id, params)
  local client = assert(vim.lsp.get_client_by_id(client_id))
  show(client, vim.uri_to_bufnr(params.textDocument.uri), params, "Explain")
end

return M
