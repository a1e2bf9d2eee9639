--- Asks for a rewrite: finds out which code is meant, and what to fix in it. `review` shows the result.
local place = require("glossator.place")
local server = require("glossator.server")

local M = {}

--- The range as whole lines, which is what the server takes.
---@param range lsp.Range
---@return lsp.Range
local function whole_lines(range)
  local to = range["end"]
  if place.is_cursor(range) then
    return range
  end
  return {
    start = { line = range.start.line, character = 0 },
    ["end"] = { line = to.line + (to.character > 0 and 1 or 0), character = 0 },
  }
end

---@param client vim.lsp.Client
---@param document integer
---@param params glossator.RewriteParams
local function start(client, document, params)
  params.range = whole_lines(params.range)
  require("glossator.review").start(client, document, params)
end

--- Runs the command of a code action.
---@param client_id integer
---@param params glossator.RewriteParams
function M.from_action(client_id, params)
  local client = assert(vim.lsp.get_client_by_id(client_id))
  local document = vim.uri_to_bufnr(params.textDocument.uri)
  if params.kind ~= "rewrite" or (params.instruction or "") ~= "" then
    start(client, document, params)
    return
  end
  vim.ui.input({ prompt = "Rewrite how? " }, function(instruction)
    if instruction and vim.trim(instruction) ~= "" then
      params.instruction = instruction
      start(client, document, params)
    end
  end)
end

---@param buffer integer
---@param range lsp.Range
---@return lsp.Diagnostic[]
local function diagnostics_in(buffer, range)
  local last = math.max(range.start.line, range["end"].line - (range["end"].character == 0 and 1 or 0))
  return vim.lsp.diagnostic.from(vim.tbl_filter(function(diagnostic)
    return diagnostic.lnum <= last and (diagnostic.end_lnum or diagnostic.lnum) >= range.start.line
  end, vim.diagnostic.get(buffer)))
end

--- Proposes new code for the selection, or for the definition around the cursor.
---@param kind glossator.RewriteKind
---@param instruction? string
---@param lines? glossator.Lines
function M.propose(kind, instruction, lines)
  local document = vim.api.nvim_win_get_buf(place.window())
  local client = server.expect_client(document)
  if not client then
    return
  end
  if not vim.lsp.buf_is_attached(document, client.id) then
    vim.notify("glossator: a rewrite needs a file", vim.log.levels.ERROR)
    return
  end
  local range = place.current(client, lines).range
  local diagnostics = kind == "fix" and diagnostics_in(document, range) or nil
  if kind == "fix" and #diagnostics == 0 then
    vim.notify("glossator: there is no diagnostic here", vim.log.levels.WARN)
    return
  end
  M.from_action(client.id, {
    kind = kind,
    textDocument = {
      uri = vim.uri_from_bufnr(document),
      version = vim.lsp.util.buf_versions[document],
    },
    range = range,
    instruction = instruction,
    diagnostics = diagnostics,
  })
end

return M
