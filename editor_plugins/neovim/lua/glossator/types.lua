---@meta
-- What crosses between Neovim and the language server; mirrors docs/lsp.md and
-- lsp_server/protocol.py. Lines count from 0.

---@class glossator.Citation
---@field number integer
---@field title string
---@field uri string
---@field breadcrumb string
---@field line integer|vim.NIL
---@field version string
---@field score number

---@class glossator.ChatParams
---@field tabId string
---@field prompt string
---@field textDocument? { uri: string }
---@field cursorState? { position?: lsp.Position, range?: lsp.Range }[]
---@field context? { sources?: string[] }
---@field partialResultToken? string|integer

---@class glossator.ChatResult
---@field text string
---@field citations glossator.Citation[]
---@field finishReason "stop"|"length"|"cancelled"|"blocked"

---@class glossator.Progress
---@field kind "queued"|"admitted"|"citations"|"notice"|"delta"|"end"
---@field position? integer queued
---@field model? string admitted
---@field citations? glossator.Citation[] citations
---@field late? boolean citations
---@field message? string notice
---@field text? string delta
---@field reason? "stop"|"length"|"cancelled"|"blocked"|"failed" end

---@class glossator.Status
---@field state "connecting"|"ready"|"degraded"|"offline"
---@field url string
---@field reason string
