--- Tells the server which question is likely, so that the backend is ready when it comes.
local place = require("glossator.place")

local M = {}

local SETTLED_MS = 300

---@param client vim.lsp.Client
---@param from glossator.Place
---@param tab string
---@param text string
function M.send(client, from, tab, text)
  if not require("glossator.config").current.prepare or client:is_stopped() then
    return
  end
  local params = vim.tbl_extend("error", place.params(client, from), { tabId = tab, prompt = text })
  client:notify("glossator/prepare", params)
end

--- A selection that rests for a moment is likely to be asked about.
---@param client vim.lsp.Client
---@param buffer integer
function M.watch_selection(client, buffer)
  local group = vim.api.nvim_create_augroup("glossator.prepare." .. buffer, {})
  local timer = assert(vim.uv.new_timer())
  local function on(event, callback)
    vim.api.nvim_create_autocmd(event, { group = group, buffer = buffer, callback = callback })
  end
  local function settled()
    local attached = vim.lsp.buf_is_attached(buffer, client.id)
    if attached and vim.api.nvim_get_current_buf() == buffer and vim.fn.mode():find("^[vV\22]") then
      M.send(client, place.current(client), "", "")
    end
  end
  on({ "ModeChanged", "CursorMoved" }, function()
    if vim.fn.mode():find("^[vV\22]") then
      timer:start(SETTLED_MS, 0, vim.schedule_wrap(settled))
    else
      timer:stop()
    end
  end)
  on({ "LspDetach", "BufWipeout" }, function(event)
    if event.event == "BufWipeout" or event.data.client_id == client.id then
      timer:close()
      vim.api.nvim_del_augroup_by_id(group)
    end
  end)
end

return M
