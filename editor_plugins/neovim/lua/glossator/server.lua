--- Configures the language server, starts it when it is first needed, and keeps what it says about
--- the backend.
local M = {}

local NAME = "glossator"

---@type glossator.Status
local status = { state = "offline", url = "", reason = "the language server is not running" }

--- Between its start and its initialization, a client is not listed. A second one must not be started.
local starting = false

---@param new glossator.Status
local function tell(new)
  status = new
  vim.api.nvim_exec_autocmds("User", { pattern = "GlossatorStatus", modeline = false })
end

--- Neovim drops a stale edit and still answers that it was applied, but the server must know.
---@type lsp.Handler
local function apply_edit(err, params, context)
  for _, change in ipairs(params.edit.documentChanges or {}) do
    local document = change.textDocument
    if document and type(document.version) == "number" then
      local buffer = vim.uri_to_bufnr(document.uri)
      if (vim.lsp.util.buf_versions[buffer] or 0) > document.version then
        return { applied = false, failureReason = "The document has changed meanwhile." }
      end
    end
  end
  return vim.lsp.handlers["workspace/applyEdit"](err, params, context)
end

---@param client vim.lsp.Client
---@param buffer integer
local function attached(client, buffer)
  local config = require("glossator.config").current
  if config.prepare then
    require("glossator.prepare").watch_selection(client, buffer)
  end
  if config.ghost_text and vim.lsp.inline_completion then
    vim.lsp.inline_completion.enable(true, { client_id = client.id })
  end
end

---@param config glossator.Config
function M.configure(config)
  vim.lsp.config(NAME, {
    cmd = vim.list_extend(vim.deepcopy(config.cmd), { "--url", config.url }),
    filetypes = config.filetypes,
    root_markers = config.root_markers,
    init_options = vim.tbl_extend("force", config.server, { previews = true }),
    on_attach = attached,
    commands = {
      ["glossator.rewrite"] = function(command, context)
        require("glossator.rewrite").from_action(context.client_id, command.arguments[1])
      end,
      ["glossator.explain"] = function(command, context)
        require("glossator.float").from_action(context.client_id, command.arguments[1])
      end,
    },
    handlers = {
      ["$/progress"] = function(err, params, context)
        -- Partial answers are no work-done progress, so plugins that show progress must not see them.
        if not require("glossator.stream").progress(params) then
          return vim.lsp.handlers["$/progress"](err, params, context)
        end
      end,
      ["glossator/didChangeStatus"] = function(_, params)
        tell(params)
      end,
      ["workspace/applyEdit"] = apply_edit,
    },
    before_init = function(params, started)
      starting = true
      params.initializationOptions.trusted = require("glossator.config").trusts(started.root_dir)
    end,
    -- Not in the project: a program looks for files around it, and could find some from there.
    cmd_cwd = vim.uv.os_homedir(),
    on_init = function()
      starting = false
    end,
    on_exit = vim.schedule_wrap(function(_, _, client_id)
      starting = false
      local reason = "The language server has stopped; see :checkhealth glossator"
      require("glossator.stream").abandon(client_id, reason)
      tell({ state = "offline", url = config.url, reason = reason })
    end),
  })
  vim.lsp.enable(NAME)
end

---@return glossator.Status
function M.status()
  return status
end

--- The running client, which is started if there is none; otherwise nil, and the reason.
---@param buffer integer
---@return vim.lsp.Client?, string?
function M.client(buffer)
  local function running()
    return vim.lsp.get_clients({ name = NAME, bufnr = buffer })[1] or vim.lsp.get_clients({ name = NAME })[1]
  end
  if running() then
    return running()
  end
  local config = vim.lsp.config[NAME]
  if not config then
    return nil, 'call require("glossator").setup() first'
  end
  if not starting then
    -- It is not attached, because the current buffer may not be a file.
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

--- Does what `client` does, and shows a problem to the user.
---@param buffer integer
---@return vim.lsp.Client?
function M.expect_client(buffer)
  local client, problem = M.client(buffer)
  if not client then
    vim.notify("glossator: " .. problem, vim.log.levels.ERROR)
  end
  return client
end

return M
