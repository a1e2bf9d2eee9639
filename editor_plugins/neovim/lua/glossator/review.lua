--- Shows a rewrite in its own tab page: the document, the proposal beside it as a diff, and below
--- them the findings and the explanation. The user accepts or rejects hunk by hunk.
local answer = require("glossator.answer")
local painter = require("glossator.painter")
local place = require("glossator.place")
local proposal = require("glossator.proposal")

local M = {}

local NOTES_LINES = 8

---@class glossator.Review
---@field private client vim.lsp.Client
---@field private params glossator.RewriteParams
---@field private document integer
---@field private id? string
---@field private buffer integer of the proposal
---@field private window integer
---@field private notes glossator.Painter
---@field private proposal glossator.Proposal
---@field private answer glossator.Answer
---@field private code string[]
local Review = {}
Review.__index = Review

local TITLES = {
  optimize = "Optimize",
  document = "Document",
  fix = "Fix",
  rewrite = "Rewrite",
}

---@private
---@param text string
function Review:bar(text)
  if vim.api.nvim_win_is_valid(self.window) then
    vim.wo[self.window].winbar = ("%s · %s"):format(TITLES[self.params.kind], text)
  end
end

---@private
function Review:compare()
  if vim.api.nvim_win_is_valid(self.window) then
    vim.api.nvim_win_call(self.window, function()
      vim.cmd("diffupdate")
    end)
  end
end

---@private
function Review:close()
  if vim.api.nvim_win_is_valid(self.window) then
    local tab = vim.api.nvim_tabpage_get_number(vim.api.nvim_win_get_tabpage(self.window))
    if #vim.api.nvim_list_tabpages() > 1 then
      vim.cmd.tabclose(tab)
    else
      vim.api.nvim_win_close(self.window, true)
    end
  end
end

---@private
function Review:lay_out()
  place.enter()
  vim.cmd("tab split")
  local source = vim.api.nvim_get_current_win()
  vim.api.nvim_win_set_buf(source, self.document)
  self.window = vim.api.nvim_open_win(self.buffer, true, { split = "right", win = source })
  local notes = vim.api.nvim_open_win(self.notes.buffer, false, {
    split = "below",
    win = -1,
    height = NOTES_LINES,
  })
  vim.wo[notes].wrap = true
  vim.wo[notes].linebreak = true
  for _, window in ipairs({ source, self.window }) do
    vim.api.nvim_win_call(window, vim.cmd.diffthis)
  end
  vim.api.nvim_win_set_cursor(self.window, { self.params.range.start.line + 1, 0 })
end

---@private
function Review:map()
  local keys = {
    a = {
      "Accept this hunk",
      function()
        self:accept(self:here())
      end,
    },
    r = {
      "Reject this hunk",
      function()
        self:reject(self:here())
      end,
    },
    A = {
      "Accept all hunks",
      function()
        self:accept(self.proposal:open())
      end,
    },
    R = {
      "Reject all hunks",
      function()
        self:reject(self.proposal:open())
      end,
    },
    q = {
      "Close; what is not accepted is rejected",
      function()
        self:close()
      end,
    },
  }
  for key, value in pairs(keys) do
    vim.keymap.set("n", key, value[2], { buffer = self.buffer, desc = value[1], nowait = true })
  end
  vim.keymap.set("n", "q", keys.q[2], { buffer = self.notes.buffer, desc = keys.q[1] })
end

---@private
---@return glossator.Change[]
function Review:here()
  local change = self.proposal:at(vim.api.nvim_win_get_cursor(self.window)[1] - 1)
  if not change then
    vim.notify("glossator: no hunk here; ]c goes to the next one", vim.log.levels.INFO)
  end
  return { change }
end

--- The last decision closes the review.
---@private
function Review:decided()
  self:compare()
  local open = #self.proposal:open()
  if open > 0 then
    self:bar(
      ("%d of %d to decide · a accept · r reject · A/R all · q close"):format(
        open,
        #self.proposal.changes
      )
    )
    return
  end
  local accepted = vim.tbl_filter(function(change)
    return change.state == "accepted"
  end, self.proposal.changes)
  self:close()
  vim.notify(("glossator: %d of %d hunks accepted"):format(#accepted, #self.proposal.changes))
end

---@private
---@param changes glossator.Change[]
function Review:accept(changes)
  if #changes == 0 then
    return
  end
  local ids = vim.tbl_map(function(change)
    return change.id
  end, changes)
  local sent = self.client:request("glossator/accept", { id = self.id, hunks = ids }, function(err, result)
    local reason = err and err.message or result.reason
    if not err then
      self.proposal:accepted(result.accepted)
    end
    if reason ~= "" then
      vim.notify("glossator: " .. reason, vim.log.levels.WARN)
      self.notes:append("\n\n**" .. reason .. "**")
    end
    if not err and result.applied then
      self:decided()
    end
  end, self.document)
  if not sent then
    vim.notify("glossator: the language server has stopped; ask again", vim.log.levels.ERROR)
  end
end

---@private
---@param changes glossator.Change[]
function Review:reject(changes)
  for _, change in ipairs(changes) do
    self.proposal:reject(change)
  end
  if #changes > 0 then
    self:decided()
  end
end

--- Lays what streams over the lines that it replaces. For a cursor, these are not known yet.
---@private
---@param text string
function Review:stream(text)
  table.insert(self.code, text)
  local code = table.concat(self.code)
  if text:find("\n", 1, true) and vim.api.nvim_buf_is_valid(self.buffer) then
    local whole = code:match("^(.*\n)") or ""
    if place.is_cursor(self.params.range) then
      self.proposal:replace(proposal.lines(whole))
    else
      self.proposal:overwrite(self.params.range, whole)
    end
    self:compare()
  end
end

---@private
---@param result? glossator.RewriteResult nil: stopped or failed, and the notes say so
function Review:done(result)
  if not vim.api.nvim_buf_is_valid(self.buffer) then
    return
  end
  if not result then
    self:bar("no proposal · q close")
    return
  end
  self.id = result.id
  if not result.applicable then
    vim.api.nvim_win_call(self.window, function()
      vim.cmd("diffoff!")
    end)
    self.proposal:replace(proposal.lines(result.code))
    self:bar("shown only, see below · q close")
  else
    self.proposal:finish(result.hunks)
    if #result.hunks == 0 then
      self:compare()
      self:bar("nothing to change · q close")
    else
      self:decided()
      local first = self.proposal:span(self.proposal.changes[1])
      vim.api.nvim_win_set_cursor(self.window, { first + 1, 0 })
    end
  end
  if #result.problems > 0 then
    self.notes:append("\n\n**This rewrite cannot be applied:**\n- " .. table.concat(result.problems, "\n- "))
  end
end

---@param client vim.lsp.Client
---@param document integer
---@param params glossator.RewriteParams its range: whole lines, or a cursor
function M.start(client, document, params)
  local original = vim.api.nvim_buf_get_lines(document, 0, -1, false)
  local filetype = vim.bo[document].filetype
  local buffer = painter.buffer("glossator-proposal", vim.treesitter.language.get_lang(filetype) or filetype)
  vim.bo[buffer].bufhidden = "wipe"
  vim.bo[buffer].syntax = vim.treesitter.highlighter.active[buffer] and "" or filetype
  local notes = painter.buffer("glossator", "markdown")
  vim.bo[notes].bufhidden = "wipe"
  local self = setmetatable({
    client = client,
    params = params,
    document = document,
    buffer = buffer,
    notes = painter.new(notes),
    proposal = proposal.new(buffer, original),
    code = {},
  }, Review)
  self.proposal:replace(original)
  self:lay_out()
  self:map()
  self:bar("writing · q stops")
  self.answer = answer.start({
    client = client,
    document = document,
    method = "glossator/rewrite",
    params = params,
    painter = self.notes,
    code = function(text)
      self:stream(text)
    end,
    done = function(result)
      self:done(result)
    end,
  })
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = buffer,
    once = true,
    callback = function()
      self.answer:stop()
    end,
  })
end

return M
