--- One answer in one scratch buffer: streams into it, ends with its sources, stops when it closes.
local M = {}

---@class glossator.Answer
---@field buffer integer
---@field client vim.lsp.Client
---@field request? integer id of the request, until it has ended
---@field notices string[]

--- Answers that stream, by the token of their partial results.
---@type table<string, glossator.Answer>
local streaming = {}

local count = 0

--- Appends without moving any cursor, except one that was at the end: it goes on following.
---@param answer glossator.Answer
---@param text string
local function append(answer, text)
  local buffer = answer.buffer
  if not vim.api.nvim_buf_is_valid(buffer) then
    return
  end
  local last = vim.api.nvim_buf_line_count(buffer)
  local following = vim.tbl_filter(function(window)
    return vim.api.nvim_win_get_cursor(window)[1] == last
  end, vim.fn.win_findbuf(buffer))
  local lines = vim.split(text:gsub("\r\n", "\n"), "\n", { plain = true })
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_text(buffer, -1, -1, -1, -1, lines)
  vim.bo[buffer].modifiable = false
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

---@param citation glossator.Citation
---@return string
local function source(citation)
  local place = citation.uri
  if vim.startswith(place, "file:") then
    place = vim.uri_to_fname(place)
  end
  if type(citation.line) == "number" then
    place = place .. ":" .. (citation.line + 1) -- `gF` opens it
  end
  return ("[%d] %s %s"):format(citation.number, citation.title, place)
end

---@param token string
local function finish(token)
  local answer = streaming[token]
  if answer then
    streaming[token] = nil
    answer.request = nil
  end
end

--- Takes a `$/progress` notification; false when it is of somebody else.
---@param params { token: string|integer, value: glossator.Progress }
---@return boolean
function M.progress(params)
  local answer = streaming[params.token]
  if not answer then
    return type(params.token) == "string" and vim.startswith(params.token, "glossator-chat-")
  end
  local value = params.value
  if value.kind == "delta" then
    append(answer, value.text)
  elseif value.kind == "notice" then
    table.insert(answer.notices, value.message)
  elseif value.kind == "citations" and value.late then
    table.insert(answer.notices, "The search took too long; this answer has no sources.")
  elseif value.kind == "end" and value.reason == "cancelled" then
    -- Neovim never calls the handler of a request that it cancelled.
    append(answer, "\n\n*cancelled*")
    finish(params.token)
  end
  return true
end

---@param answer glossator.Answer
---@param result glossator.ChatResult
local function conclude(answer, result)
  local lines = {}
  if result.finishReason == "length" then
    table.insert(lines, "*The answer reached its greatest length.*")
  end
  vim.list_extend(lines, answer.notices)
  if #result.citations > 0 then
    vim.list_extend(lines, { "", "Sources:" })
    vim.list_extend(lines, vim.tbl_map(source, result.citations))
  end
  if #lines > 0 then
    append(answer, "\n\n" .. table.concat(lines, "\n"))
  end
end

---@param question string
---@return integer buffer
local function open(question)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = "wipe"
  vim.bo[buffer].filetype = "glossator"
  vim.treesitter.language.register("markdown", "glossator")
  pcall(vim.treesitter.start, buffer, "markdown") -- colours only, where the parser is installed
  local heading = "> " .. question:gsub("\n", "\n> ")
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, vim.split(heading .. "\n\n", "\n"))
  vim.bo[buffer].modifiable = false
  local window = vim.api.nvim_open_win(buffer, false, {
    split = require("glossator.config").current.split,
    win = 0,
  })
  vim.wo[window].wrap = true
  vim.wo[window].linebreak = true
  vim.wo[window].number = false
  vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  vim.keymap.set("n", "q", "<Cmd>close<CR>", { buffer = buffer, desc = "Close, and stop the answer" })
  return buffer
end

---@param client vim.lsp.Client
---@param buffer integer
---@param lines? { first: integer, last: integer }
---@return table cursorState's only entry
local function place(client, buffer, lines)
  if lines then
    return {
      range = {
        start = { line = lines.first - 1, character = 0 },
        ["end"] = { line = lines.last, character = 0 }, -- exclusive: the line after
      },
    }
  end
  local window = vim.fn.bufwinid(buffer)
  return { position = vim.lsp.util.make_position_params(window, client.offset_encoding).position }
end

---@param client vim.lsp.Client
---@param buffer integer the document that the question is about
---@param question string
---@param lines? { first: integer, last: integer }
function M.ask(client, buffer, question, lines)
  count = count + 1
  local token = "glossator-chat-" .. count
  ---@type glossator.ChatParams
  local params = { tabId = token, prompt = question, partialResultToken = token }
  if vim.lsp.buf_is_attached(buffer, client.id) then
    params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
    params.cursorState = { place(client, buffer, lines) }
  end

  ---@type glossator.Answer
  local answer = { buffer = open(question), client = client, notices = {} }
  streaming[token] = answer
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = answer.buffer,
    once = true,
    callback = function()
      if answer.request then
        client:cancel_request(answer.request)
      end
      finish(token)
    end,
  })

  local sent, request = client:request("glossator/chat", params, function(err, result)
    finish(token)
    if err then
      append(answer, "**" .. err.message .. "**")
    else
      conclude(answer, result)
    end
  end, buffer)
  if sent then
    answer.request = request
  else
    finish(token)
    append(answer, "**The language server has stopped; see :checkhealth glossator**")
  end
end

return M
