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

  --- Where the chat opens: "right", "left", "above" or "below" the current window.
  ---@type "right"|"left"|"above"|"below"
  split = "right",

  --- Columns of the chat to the right or left; never more than half of the screen.
  ---@type integer
  width = 80,

  --- Show completions as ghost text while typing (Neovim 0.12 and newer).
  ---@type boolean
  ghost_text = true,

  --- Let the backend warm up for a question that is likely to come.
  ---@type boolean
  prepare = true,

  --- Options of the language server; docs/lsp.md names them.
  ---@type table<string, any>
  server = {},
}

local NAMES = vim.list_extend(vim.tbl_keys(M.defaults), { "filetypes" })
table.sort(NAMES)

---@type glossator.Config
M.current = M.defaults

---@param options? table
---@return glossator.Config
function M.set(options)
  options = options or {}
  for name, value in pairs(options) do
    if not vim.list_contains(NAMES, name) then
      error(("glossator: unknown setting %q; there are: %s"):format(name, table.concat(NAMES, ", ")), 0)
    end
    local expected = name == "filetypes" and "table" or type(M.defaults[name])
    if type(value) ~= expected then
      error(("glossator: setting %q must be a %s, this is a %s"):format(name, expected, type(value)), 0)
    end
  end
  -- Lists are replaced, not merged: half of one command and half of another is none.
  M.current = vim.tbl_extend("force", M.defaults, options)
  return M.current
end

return M
