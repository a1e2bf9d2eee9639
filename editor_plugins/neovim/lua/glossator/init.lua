--- Glossator for Neovim 0.11 and newer: starts the language server and shows its answers.
local M = {}

local SERVER = "glossator"

---@type glossator.Status
local status = { state = "offline", url = "", reason = "the language server is not running" }

--- Between start and initialization a client is not listed yet; a second one must not be started.
local starting = false

---@param options? table see `lua/glossator/config.lua`
function M.setup(options)
  local config = require("glossator.config").set(options)
  vim.lsp.config(SERVER, {
    cmd = vim.list_extend(vim.deepcopy(config.cmd), { "--url", config.url }),
    filetypes = config.filetypes,
    root_markers = config.root_markers,
    handlers = {
      ["$/progress"] = function(err, params, context)
        -- Partial answers are not work-done progress: plugins that show that must not see them.
        if not require("glossator.chat").progress(params) then
          return vim.lsp.handlers["$/progress"](err, params, context)
        end
      end,
      ["glossator/didChangeStatus"] = function(_, params)
        status = params
        vim.api.nvim_exec_autocmds("User", { pattern = "GlossatorStatus", modeline = false })
      end,
    },
    before_init = function()
      starting = true
    end,
    on_init = function()
      starting = false
    end,
    on_exit = function()
      starting = false
      status = { state = "offline", url = config.url, reason = "the language server has stopped" }
    end,
  })
  vim.lsp.enable(SERVER)
end

--- The connection to the backend, for a status line; `User GlossatorStatus` tells of changes.
---@return glossator.Status
function M.status()
  return status
end

--- The running client, started if need be; nil, and why not.
---@param buffer integer
---@return vim.lsp.Client?, string?
function M.client(buffer)
  local function running()
    return vim.lsp.get_clients({ name = SERVER, bufnr = buffer })[1]
      or vim.lsp.get_clients({ name = SERVER })[1]
  end
  if running() then
    return running()
  end
  local config = vim.lsp.config[SERVER]
  if not config then
    return nil, 'call require("glossator").setup() first'
  end
  if not starting then
    -- Not attached: the current buffer need not be a file.
    vim.lsp.start(config, { attach = false })
  end
  vim.wait(5000, function()
    return running() ~= nil or not starting
  end, 10)
  if not running() then
    return nil, "the language server does not start; see :checkhealth glossator"
  end
  return running()
end

--- Asks, with the current buffer and cursor (or the given lines) as context; the answer streams
--- into a split and the cursor stays where it is.
---@param question string
---@param lines? { first: integer, last: integer } selected lines, from 1, inclusive
function M.ask(question, lines)
  local buffer = vim.api.nvim_get_current_buf()
  local client, problem = M.client(buffer)
  if not client then
    vim.notify("glossator: " .. problem, vim.log.levels.ERROR)
    return
  end
  require("glossator.chat").ask(client, buffer, question, lines)
end

return M
