--- Glossator for Neovim 0.11 and newer. Everything else is loaded when it is first used.
local M = {}

---@param options? table see `lua/glossator/config.lua`, or `:h glossator-settings`
function M.setup(options)
  require("glossator.server").configure(require("glossator.config").set(options))
end

--- The state of the connection to the backend. `User GlossatorStatus` announces each change.
---@return glossator.Status
function M.status()
  return require("glossator.server").status()
end

--- For a status line: `%{v:lua.require'glossator'.statusline()}`.
---@return string
function M.statusline()
  if require("glossator.stream").any() then
    return "glossator (answering)"
  end
  local state = M.status().state
  return state == "ready" and "glossator" or ("glossator (%s)"):format(state)
end

--- Asks a question, with the selection or the cursor as context. The answer streams into the chat,
--- and the cursor stays where it is.
---@param question string
---@param lines? glossator.Lines
function M.ask(question, lines)
  require("glossator.chat").ask(question, lines)
end

return M
