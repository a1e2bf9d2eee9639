--- The subcommands of `:Glossator`.
local M = {}

---@class glossator.Subcommand
---@field description string
---@field argument? "required"|"optional"
---@field run fun(argument: string, lines?: glossator.Lines)

---@param name string
---@return fun()
local function chat(name)
  return function()
    require("glossator.chat")[name]()
  end
end

---@param kind glossator.RewriteKind
---@return fun(argument: string, lines?: glossator.Lines)
local function rewrite(kind)
  return function(argument, lines)
    require("glossator.rewrite").propose(kind, argument, lines)
  end
end

---@type table<string, glossator.Subcommand>
M.subcommands = {
  ask = {
    description = "ask in the chat; the cursor stays where it is",
    argument = "required",
    run = function(argument, lines)
      require("glossator.chat").ask(argument, lines)
    end,
  },
  chat = {
    description = "open the chat; a selection goes with the next question",
    run = function(_, lines)
      require("glossator.chat").open(lines)
    end,
  },
  close = { description = "close the chat; an answer under way goes on", run = chat("close") },
  delete = {
    description = "delete an earlier conversation",
    run = function()
      require("glossator.history").delete()
    end,
  },
  document = { description = "propose documentation", run = rewrite("document") },
  explain = {
    description = "explain in a floating window",
    run = function(_, lines)
      require("glossator.float").explain(nil, lines)
    end,
  },
  fix = { description = "propose a fix of the diagnostics here", run = rewrite("fix") },
  here = {
    description = "answer in a floating window",
    argument = "required",
    run = function(argument, lines)
      require("glossator.float").explain(argument, lines)
    end,
  },
  history = {
    description = "go on with an earlier conversation",
    run = function()
      require("glossator.history").resume()
    end,
  },
  new = { description = "begin a new conversation", run = chat("new") },
  optimize = { description = "propose faster or simpler code", run = rewrite("optimize") },
  retry = { description = "ask the last question again", run = chat("retry") },
  rewrite = {
    description = "propose what you say",
    argument = "optional",
    run = rewrite("rewrite"),
  },
  sources = { description = "the answer's sources as a quickfix list", run = chat("sources") },
  stop = { description = "stop the answer of the chat", run = chat("stop") },
}

---@param prefix string
---@return string[]
function M.complete(prefix)
  local names = vim.tbl_filter(function(name)
    return vim.startswith(name, prefix)
  end, vim.tbl_keys(M.subcommands))
  table.sort(names)
  return names
end

---@param message string
local function refuse(message)
  vim.notify("glossator: " .. message, vim.log.levels.ERROR)
end

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, argument = command.args:match("^(%S*)%s*(.-)%s*$")
  name = name == "" and "chat" or name
  local subcommand = M.subcommands[name]
  local lines = command.range > 0 and { first = command.line1, last = command.line2 } or nil
  if not subcommand then
    refuse(("no command %q; there are: %s"):format(name, table.concat(M.complete(""), ", ")))
  elseif argument ~= "" and not subcommand.argument then
    refuse(("%q takes no argument"):format(name))
  elseif argument == "" and subcommand.argument == "required" then
    refuse((":[range]Glossator %s {question}"):format(name))
  else
    subcommand.run(argument, lines)
  end
end

return M
