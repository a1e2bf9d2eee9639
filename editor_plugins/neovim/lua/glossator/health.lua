--- `:checkhealth glossator`
local health = vim.health

local M = {}

local function neovim()
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.11") == 0 then
    health.error("Neovim 0.11 or newer is needed, this is " .. version)
  elseif not vim.lsp.inline_completion then
    health.warn(("Neovim %s: completion as ghost text needs 0.12"):format(version))
  else
    health.ok("Neovim " .. version)
  end
end

local function command()
  local name = require("glossator.config").current.cmd[1]
  if vim.fn.executable(name) == 1 then
    health.ok(("the language server is %s"):format(vim.fn.exepath(name)))
  else
    health.error(("%q is not executable"):format(name), {
      "install it: pip install .  (in a clone of Glossator)",
      'or name it: require("glossator").setup({ cmd = { "/path/to/glossator", "lsp" } })',
    })
  end
end

---@param status glossator.Status
local function completion(status)
  if status.inlineCompletion == "available" then
    health.ok("the model completes code")
  elseif status.inlineCompletion == "disabled" then
    health.info("completion as ghost text is switched off")
  elseif status.inlineCompletion == "unavailable" then
    health.info("no completion as ghost text: " .. (status.inlineCompletionReason or ""))
  end
end

local function backend()
  if not vim.lsp.config["glossator"] then
    health.error("setup was not called", { 'call require("glossator").setup({}) in your init.lua' })
    return
  end
  if #vim.lsp.get_clients({ name = "glossator" }) == 0 then
    health.warn("the language server is not running; it starts with the first file that is opened")
    return
  end
  local status = require("glossator").status()
  if status.state == "ready" then
    health.ok("connected to " .. status.url)
  else
    health.warn(("%s: %s"):format(status.state, status.reason))
  end
  completion(status)
end

function M.check()
  health.start("glossator")
  neovim()
  command()
  backend()
end

return M
