--- Paints one answer while it streams, with its notices, and its sources or the reason why it ended.
local sources = require("glossator.sources")
local stream = require("glossator.stream")

local M = {}

---@class glossator.Answer
---@field waiting string what the user waits for; "" once the answer has begun
---@field private stream glossator.Stream
---@field private painter glossator.Painter
---@field private notices string[]
---@field private begun boolean whether any text was painted
local Answer = {}
Answer.__index = Answer

---@class glossator.AnswerOptions
---@field client vim.lsp.Client
---@field document integer the buffer that the question is about
---@field method string
---@field params table
---@field painter glossator.Painter
---@field code? fun(text: string) takes the code that a rewrite streams
---@field done? fun(result?: table) nil: stopped or failed, and the text says so

local function changed()
  vim.api.nvim_exec_autocmds("User", { pattern = "GlossatorStatus", modeline = false })
end

---@param options glossator.AnswerOptions
---@return glossator.Answer
function M.start(options)
  local self = setmetatable({
    painter = options.painter,
    notices = {},
    begun = false,
    waiting = "asking",
  }, Answer)
  self.stream = stream.start(options.client, options.document, options.method, options.params, {
    progress = function(value)
      if value.kind == "code" and options.code then
        options.code(value.text)
      else
        self:progress(value)
      end
    end,
    done = function(result, problem)
      self:conclude(result, problem)
      if options.done then
        options.done(result)
      end
      changed()
    end,
  })
  changed()
  return self
end

---@private
---@param text string
function Answer:wait_for(text)
  self.waiting = text
  changed()
end

---@private
---@param value glossator.Progress
function Answer:progress(value)
  if value.kind == "delta" then
    if self.waiting ~= "" then
      self:wait_for("")
    end
    self.begun = true
    self.painter:append(value.text)
  elseif value.kind == "queued" then
    self:wait_for(("waiting, %d before this one"):format(value.position))
  elseif value.kind == "thinking" then
    self:wait_for("thinking")
  elseif value.kind == "citations" then
    -- Before the first delta, so that `[1]` can be opened while its line still streams.
    sources.mark(self.painter.buffer, value.citations)
    if value.late then
      table.insert(self.notices, "The search took too long; this answer has no sources.")
    end
    self:wait_for("reading")
  elseif value.kind == "notice" then
    table.insert(self.notices, value.message)
  elseif value.kind == "evidence" and #value.findings > 0 then
    self.begun = true
    self.painter:append(M.findings(value.findings) .. "\n\n")
  end
end

---@param findings glossator.Finding[]
---@return string
function M.findings(findings)
  local lines = vim.tbl_map(function(finding)
    return ("- line %d: %s (%s)"):format(finding.range.start.line + 1, finding.message, finding.code)
  end, findings)
  return table.concat(lines, "\n")
end

---@param problem { message: string, data?: { retryAfterMs?: number } }
---@return string
local function explain(problem)
  local after = vim.tbl_get(problem, "data", "retryAfterMs")
  local again = type(after) == "number"
      and (" Ask again in %d s."):format(math.max(1, math.ceil(after / 1000)))
    or ""
  return ("**%s**%s"):format(problem.message, again)
end

---@private
---@param result? glossator.ChatResult
---@param problem? { message: string, data?: table }
function Answer:conclude(result, problem)
  self.waiting = ""
  local lines = {}
  if problem then
    table.insert(lines, explain(problem))
  elseif not result then
    table.insert(lines, "*stopped*")
  elseif result.finishReason == "length" then
    table.insert(lines, "*The answer reached its greatest length.*")
  end
  vim.list_extend(lines, self.notices)
  local list = sources.list(result and result.citations or {})
  if #lines > 0 and #list > 0 then
    table.insert(lines, "")
  end
  vim.list_extend(lines, list)
  local text = table.concat(lines, "\n")
  self.painter:paint((self.begun and text ~= "" and "\n\n" or "") .. text)
end

---@return boolean
function Answer:running()
  return self.stream:running()
end

function Answer:stop()
  self.stream:stop()
end

return M
