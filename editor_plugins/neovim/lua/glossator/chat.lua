--- The chat: which conversation is shown, what the next question is about, and what keys do.
local panel = require("glossator.panel")
local pin = require("glossator.pin")
local place = require("glossator.place")
local server = require("glossator.server")
local transcript = require("glossator.transcript")

local M = {}

---@type glossator.Transcript?
local current

---@type glossator.Pin? the selection that the next question is about
local selected

---@type integer?
local prompt

--- The conversations that are open, by tab. An answer goes on while another conversation is shown.
---@type table<string, glossator.Transcript>
local open = {}

local function refresh()
  local state = server.status()
  local above = ""
  if current and current:running() then
    above = above
      .. (" · %s · <C-c> stops"):format(
        current.answer.waiting ~= "" and current.answer.waiting or "answering"
      )
  elseif state.state ~= "ready" then
    above = (" · %s: %s"):format(state.state, state.reason)
  end
  local about = selected and selected:label() or ""
  local below = "<CR> sends · <C-j> new line"
  panel.bars(above, about ~= "" and ("about %s · %s"):format(about, below) or below)
end

local function deselect()
  if selected then
    selected:remove()
    selected = nil
  end
end

---@param client vim.lsp.Client
---@return glossator.Place
local function here(client)
  return selected and selected:place() or place.current(client)
end

---@return glossator.Transcript
local function shown()
  if not current or not vim.api.nvim_buf_is_valid(current.buffer) then
    current = transcript.new()
    open[current.tab] = current
  end
  return current
end

---@param client vim.lsp.Client
---@param from glossator.Place
---@param text string
local function ask(client, from, text)
  local conversation = shown()
  if conversation:running() then
    vim.notify("glossator: an answer is under way; :Glossator stop ends it", vim.log.levels.WARN)
    return false
  end
  conversation:ask({
    client = client,
    document = from.buffer,
    prompt = text,
    place = place.params(client, from),
  })
  return true
end

---@return integer buffer
local function prompt_buffer()
  if prompt and vim.api.nvim_buf_is_valid(prompt) then
    return prompt
  end
  local function client()
    return server.expect_client(vim.api.nvim_win_get_buf(place.window()))
  end
  local buffer
  buffer = require("glossator.prompt").buffer({
    send = function(text)
      local running = client()
      if running and ask(running, here(running), text) then
        deselect()
        refresh()
      else
        vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(text, "\n"))
      end
    end,
    stop = M.stop,
    likely = function(text)
      local running = vim.lsp.get_clients({ name = "glossator" })[1]
      if running then
        require("glossator.prepare").send(running, here(running), shown().tab, text)
      end
    end,
    mentions = function(prefix, show)
      local running = client()
      if running then
        local from = here(running)
        local document = place.params(running, from).textDocument
        running:request(
          "glossator/mentions",
          { prefix = prefix, textDocument = document },
          function(err, result)
            if not err then
              show(result)
            end
          end,
          from.buffer
        )
      end
    end,
  })
  prompt = buffer
  return buffer
end

vim.api.nvim_create_autocmd("User", {
  group = vim.api.nvim_create_augroup("glossator.chat", {}),
  pattern = "GlossatorStatus",
  callback = refresh,
})

local function show()
  panel.show(shown().buffer, prompt_buffer())
  refresh()
end

--- Opens the chat and its prompt. A selection goes with the next question.
---@param lines? glossator.Lines
function M.open(lines)
  local client = server.expect_client(vim.api.nvim_get_current_buf())
  if not client then
    return
  end
  local from = place.current(client, lines)
  if not place.is_cursor(from.range) then
    deselect()
    selected = pin.new(from, client.offset_encoding)
  end
  show()
  panel.focus()
end

--- Asks at once. The cursor stays where it is.
---@param text string
---@param lines? glossator.Lines
function M.ask(text, lines)
  local client = server.expect_client(vim.api.nvim_get_current_buf())
  if client then
    local from = place.current(client, lines)
    show()
    ask(client, from, text)
    refresh()
  end
end

function M.close()
  panel.close()
  deselect()
end

function M.stop()
  if current then
    current:stop()
  end
end

function M.retry()
  local client = server.expect_client(vim.api.nvim_get_current_buf())
  if client and not (current and current:retry(client)) then
    vim.notify("glossator: nothing to ask again", vim.log.levels.INFO)
  end
end

--- Begins a new conversation. The old one stays in the history.
function M.new()
  current = nil
  show()
  panel.focus()
end

---@param tab string
---@return boolean
function M.is_open(tab)
  return open[tab] ~= nil and vim.api.nvim_buf_is_valid(open[tab].buffer)
end

--- Goes on with a conversation.
---@param tab string
---@param turns glossator.Turn[]
function M.resume(tab, turns)
  if not M.is_open(tab) then
    open[tab] = transcript.new(tab)
    open[tab]:restore(turns)
  end
  current = open[tab]
  show()
  panel.focus()
end

--- Closes a conversation that was deleted.
---@param tab string
function M.forget(tab)
  local conversation = open[tab]
  open[tab] = nil
  if conversation then
    conversation:stop()
    if conversation == current then
      current = nil
      if panel.is_open() then
        show()
      end
    end
    if vim.api.nvim_buf_is_valid(conversation.buffer) then
      vim.api.nvim_buf_delete(conversation.buffer, { force = true })
    end
  end
end

--- Makes a quickfix list of the sources of the answer at the transcript's cursor.
function M.sources()
  require("glossator.sources").quickfix(shown().buffer, panel.row())
end

return M
