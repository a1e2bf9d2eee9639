if vim.g.loaded_glossator then
  return
end
vim.g.loaded_glossator = true

vim.api.nvim_create_user_command("Glossator", function(command)
  require("glossator.commands").run(command)
end, {
  nargs = "*",
  range = true,
  desc = "Ask, explain and rewrite, grounded in your documentation",
  complete = function(prefix, line)
    return line:match("Glossator%s+%S*$") and require("glossator.commands").complete(prefix) or {}
  end,
})

-- In visual mode, <Cmd> keeps the selection exactly, also within a line.
for _, name in ipairs({ "chat", "explain", "optimize", "document", "fix", "rewrite" }) do
  vim.keymap.set({ "n", "x" }, ("<Plug>(glossator-%s)"):format(name), ("<Cmd>Glossator %s<CR>"):format(name))
end
