--- One request whose answer streams as partial results. It ends exactly once: with the response,
--- when the user stops it, or when the language server goes away.
local M = {}

---@class glossator.Listener
---@field progress fun(value: glossator.Progress)
---@field done fun(result?: table, problem?: { message: string, data?: table }) neither: stopped

---@class glossator.Stream
---@field private client vim.lsp.Client
---@field private token string
---@field private request? integer
---@field private listener glossator.Listener
local Stream = {}
Stream.__index = Stream

--- Streams under way, by the token of their partial results.
---@type table<string, glossator.Stream>
local streaming = {}

local PREFIX = "glossator-stream-"
local count = 0

---@param client vim.lsp.Client
---@param buffer integer the document; its changes reach the server before the request does
---@param method string
---@param params table
---@param listener glossator.Listener
---@return glossator.Stream
function M.start(client, buffer, method, params, listener)
  count = count + 1
  local self = setmetatable({ client = client, token = PREFIX .. count, listener = listener }, Stream)
  streaming[self.token] = self
  params.partialResultToken = self.token
  local sent, request = client:request(method, params, function(err, result)
    self:finish(result, err)
  end, buffer)
  self.request = request
  if not sent then
    self:finish(nil, { message = "The language server has stopped; see :checkhealth glossator" })
  end
  return self
end

---@private
---@param result? table
---@param problem? { message: string, data?: table }
function Stream:finish(result, problem)
  if not streaming[self.token] then
    return
  end
  streaming[self.token] = nil
  self.listener.done(result, problem)
end

---@return boolean
function Stream:running()
  return streaming[self.token] ~= nil
end

--- Stops the engine too. What is still on its way is dropped, because Neovim never calls the handler
--- of a request that it cancelled.
function Stream:stop()
  if self:running() then
    self.client:cancel_request(self.request)
    self:finish()
  end
end

--- Takes a `$/progress` notification. Returns false if it belongs to somebody else.
---@param params { token: string|integer, value: glossator.Progress }
---@return boolean
function M.progress(params)
  local stream = streaming[params.token]
  if stream then
    stream.listener.progress(params.value)
  end
  return type(params.token) == "string" and vim.startswith(params.token, PREFIX)
end

--- Ends the streams of a server that is gone, because that server will not.
---@param client_id integer
---@param reason string
function M.abandon(client_id, reason)
  for _, stream in ipairs(vim.tbl_values(streaming)) do
    if stream.client.id == client_id then
      stream:finish(nil, { message = reason })
    end
  end
end

---@return boolean
function M.any()
  return next(streaming) ~= nil
end

return M
