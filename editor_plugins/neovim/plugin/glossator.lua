if vim.g.loaded_glossator then
  return
end
vim.g.loaded_glossator = true

vim.api.nvim_create_user_command("Glossator", function(command)
  local verb, rest = command.args:match("^(%S+)%s*(.-)%s*$")
  if verb ~= "ask" or rest == "" then
    vim.notify("usage: :[range]Glossator ask {question}", vim.log.levels.ERROR)
    return
  end
  local lines = command.range > 0 and { first = command.line1, last = command.line2 } or nil
  require("glossator").ask(rest, lines)
end, {
  nargs = "+",
  range = true,
  desc = "Ask about this code, or about anything that is indexed",
  complete = function(_, line)
    return line:match("Glossator%s+%S*$") and { "ask" } or {}
  end,
})
