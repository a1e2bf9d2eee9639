--- The settings, with their defaults. `require("glossator").setup({ … })` overrides them.
local M = {}

---@class glossator.Config
M.defaults = {
  --- The command that starts the language server. `--url` and the url below are added to it.
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

  --- The width of a chat to the right or left, in columns: at most half of the screen.
  ---@type integer
  width = 80,

  --- Show completions as ghost text while typing (Neovim 0.12 and newer).
  ---@type boolean
  ghost_text = true,

  --- Let the backend prepare for a question that is likely to come.
  ---@type boolean
  prepare = true,

  --- Which projects you trust: true for all, a list of folders, or a function that gets the root (nil
  --- for a file without one). In any other project, no program of the project is run, such as its own
  --- ruff, and its configuration of ruff is not read.
  ---@type boolean|string[]|fun(root?: string): boolean
  trusted = false,

  --- Options of the language server; docs/lsp.md names them.
  ---@type table<string, any>
  server = {},
}

--- Settings that may be of several types.
local TYPES = { filetypes = { "table" }, trusted = { "boolean", "table", "function" } }

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
    local expected = TYPES[name] or { type(M.defaults[name]) }
    if not vim.list_contains(expected, type(value)) then
      local wanted = table.concat(expected, " or a ")
      error(("glossator: setting %q must be a %s, this is a %s"):format(name, wanted, type(value)), 0)
    end
  end
  -- Lists are replaced, not merged, because half of one command and half of another make none.
  M.current = vim.tbl_extend("force", M.defaults, options)
  return M.current
end

--- Whether programs of a project may be run.
---@param root? string
---@return boolean
function M.trusts(root)
  local trusted = M.current.trusted
  if type(trusted) == "function" then
    return trusted(root) == true
  end
  if type(trusted) == "boolean" then
    return trusted
  end
  local real = root and vim.uv.fs_realpath(root)
  for _, folder in ipairs(real and trusted or {}) do
    local allowed = vim.uv.fs_realpath(vim.fs.normalize(folder))
    if allowed and (real == allowed or vim.startswith(real, allowed .. "/")) then
      return true
    end
  end
  return false
end

return M
