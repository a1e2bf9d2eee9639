--- `:checkhealth glossator`
local M = {}

function M.check()
  local health = vim.health
  health.start("glossator")
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok("Neovim " .. tostring(vim.version()))
  else
    health.error("Neovim 0.11 or newer is needed, this is " .. tostring(vim.version()))
  end
  local config = require("glossator.config").current
  local command = config.cmd[1]
  if vim.fn.executable(command) == 1 then
    health.ok(("the language server is %s"):format(vim.fn.exepath(command)))
  else
    health.error(("%q is not executable"):format(command), {
      "install it: pip install glossator",
      'or name it: require("glossator").setup({ cmd = { "/path/to/glossator", "lsp" } })',
    })
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
end

return M
