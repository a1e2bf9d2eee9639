--- Earlier conversations: lists them, goes on with one, or deletes one.
local server = require("glossator.server")

local M = {}

---@param buffer integer
---@param method string
---@param params? table
---@param answer fun(result: any)
local function request(buffer, method, params, answer)
  local client = server.expect_client(buffer)
  if client then
    client:request(method, params or vim.empty_dict(), function(err, result)
      if err then
        vim.notify("glossator: " .. err.message, vim.log.levels.ERROR)
      else
        answer(result)
      end
    end, buffer)
  end
end

---@param summary glossator.ConversationSummary
---@return string
local function describe(summary)
  local day = os.date("%Y-%m-%d %H:%M", math.floor(summary.updatedAt))
  return ("%s  %s"):format(day, (summary.title:gsub("%s+", " ")))
end

---@param verb string
---@param chosen fun(summary: glossator.ConversationSummary)
local function choose(verb, chosen)
  local buffer = vim.api.nvim_get_current_buf()
  request(buffer, "glossator/conversations/list", nil, function(summaries)
    if #summaries == 0 then
      vim.notify("glossator: there are no conversations yet", vim.log.levels.INFO)
      return
    end
    vim.ui.select(summaries, { prompt = verb, format_item = describe }, function(summary)
      if summary then
        chosen(summary)
      end
    end)
  end)
end

function M.resume()
  choose("Go on with", function(summary)
    local buffer = vim.api.nvim_get_current_buf()
    request(buffer, "glossator/conversations/get", { tabId = summary.tabId }, function(conversation)
      require("glossator.chat").resume(summary.tabId, conversation.turns)
    end)
  end)
end

function M.delete()
  choose("Delete", function(summary)
    local buffer = vim.api.nvim_get_current_buf()
    request(buffer, "glossator/conversations/delete", { tabId = summary.tabId }, function()
      require("glossator.chat").forget(summary.tabId)
    end)
  end)
end

return M
