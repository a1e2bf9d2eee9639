--- The settings, with their defaults. `require("glossator").setup({ … })` overrides them.
local M = {}

---@class glossator.Config
M.defaults = {
  --- The command that starts the language server; `--url` and the url below are added to it.
  ---@type string[]
  cmd = { "glossator", "lsp" },

  --- The backend that `glossator serve` started.
  ---@type string
  url = "ws://127.0.0.1:8765",

  --- File types to attach to; nil means every file.
  ---@type string[]?
  filetypes = nil,

  --- What marks the root of a project.
  ---@type string[]
  root_markers = { "pyproject.toml", ".git" },

  --- Where an answer opens: "right", "left", "above" or "below" the current window.
  ---@type "right"|"left"|"above"|"below"
  split = "right",
}

---@type glossator.Config
M.current = M.defaults

---@param options? table
---@return glossator.Config
function M.set(options)
  options = options or {}
  for name in pairs(options) do
    if M.defaults[name] == nil and name ~= "filetypes" then
      local known = vim.tbl_keys(M.defaults)
      table.insert(known, "filetypes")
      table.sort(known)
      error(("glossator: unknown setting %q; there are: %s"):format(name, table.concat(known, ", ")), 0)
    end
  end
  -- Lists are replaced, not merged: half of one command and half of another is none.
  M.current = vim.tbl_extend("force", M.defaults, options)
  return M.current
end

return M
