--- One conversation in one buffer: questions, answers, and their sources. It is never rewritten.
local answer = require("glossator.answer")
local painter = require("glossator.painter")
local sources = require("glossator.sources")

local M = {}

---@class glossator.Question
---@field client vim.lsp.Client
---@field document integer
---@field prompt string
---@field place { textDocument?: { uri: string }, cursorState?: glossator.CursorState[] }

---@class glossator.Transcript
---@field tab string
---@field buffer integer
---@field answer? glossator.Answer the newest one
---@field private painter glossator.Painter
---@field private last? glossator.Question
local Transcript = {}
Transcript.__index = Transcript

---@return string
local function unique()
  return (vim.uv.random(16):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

---@param tab? string the conversation; a new one without
---@return glossator.Transcript
function M.new(tab)
  local buffer = painter.buffer("glossator", "markdown")
  tab = tab or unique()
  vim.api.nvim_buf_set_name(buffer, "glossator://chat/" .. tab:sub(1, 8))
  vim.bo[buffer].bufhidden = "hide"
  local self = setmetatable({
    tab = tab,
    buffer = buffer,
    painter = painter.new(buffer),
  }, Transcript)
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = buffer,
    once = true,
    callback = function()
      self:stop()
    end,
  })
  for key, verb in pairs({ q = "close", i = "chat", ["<C-c>"] = "stop" }) do
    vim.keymap.set("n", key, "<Cmd>Glossator " .. verb .. "<CR>", { buffer = buffer })
  end
  return self
end

---@private
---@param prompt string
function Transcript:heading(prompt)
  local empty = vim.api.nvim_buf_line_count(self.buffer) == 1
    and vim.api.nvim_buf_get_lines(self.buffer, 0, 1, false)[1] == ""
  local text = "> " .. prompt:gsub("\n", "\n> ")
  self.painter:paint((empty and "" or "\n\n") .. text .. "\n\n")
end

---@param question glossator.Question
function Transcript:ask(question)
  self.last = question
  self:heading(question.prompt)
  local configured = require("glossator.config").current
  local on_document = question.place.textDocument and question.prompt:find("@diagnostics", 1, true)
  self.answer = answer.start({
    client = question.client,
    document = question.document,
    method = "glossator/chat",
    params = vim.tbl_extend("error", question.place, {
      tabId = self.tab,
      prompt = question.prompt,
      context = on_document and {
        sources = configured.server.sources,
        diagnostics = vim.lsp.diagnostic.from(vim.diagnostic.get(question.document)),
      } or nil,
    }),
    painter = self.painter,
  })
end

--- Asks the last question again, for instance because its answer failed.
---@param client vim.lsp.Client it may be another one by now
---@return boolean
function Transcript:retry(client)
  if not self.last or self:running() then
    return false
  end
  self:ask(vim.tbl_extend("force", self.last, { client = client }))
  return true
end

--- Shows what was said when Neovim ran before.
---@param turns glossator.Turn[]
function Transcript:restore(turns)
  for _, turn in ipairs(turns) do
    if turn.role == "user" then
      self:heading(turn.text)
    else
      sources.mark(self.buffer, turn.citations)
      local list = sources.list(turn.citations)
      self.painter:paint(turn.text .. (#list > 0 and "\n\n" .. table.concat(list, "\n") or ""))
    end
  end
end

---@return boolean
function Transcript:running()
  return self.answer ~= nil and self.answer:running()
end

function Transcript:stop()
  if self.answer then
    self.answer:stop()
  end
end

return M
