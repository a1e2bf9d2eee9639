---@meta
-- The messages between Neovim and the language server. They mirror docs/lsp.md and
-- lsp_server/protocol/. Lines count from 0, and ranges do not include their end.

---@class glossator.Citation
---@field number integer
---@field title string
---@field uri string
---@field breadcrumb string
---@field line integer|vim.NIL
---@field version string
---@field score number

---@alias glossator.FinishReason "stop"|"length"|"cancelled"|"blocked"

---@class glossator.CursorState
---@field position? lsp.Position
---@field range? lsp.Range

---@class glossator.ChatParams
---@field tabId string
---@field prompt string
---@field textDocument? { uri: string }
---@field cursorState? glossator.CursorState[]
---@field context? { sources?: string[], diagnostics?: lsp.Diagnostic[] }
---@field partialResultToken? string|integer

---@class glossator.ChatResult
---@field text string
---@field citations glossator.Citation[]
---@field finishReason glossator.FinishReason

---@class glossator.ExplainParams
---@field textDocument { uri: string }
---@field range lsp.Range empty: a cursor, and the scope around it is meant
---@field question? string
---@field partialResultToken? string|integer

---@alias glossator.RewriteKind "optimize"|"document"|"fix"|"rewrite"

---@class glossator.RewriteParams
---@field kind glossator.RewriteKind
---@field textDocument { uri: string, version: integer }
---@field range lsp.Range
---@field instruction? string of kind "rewrite"
---@field diagnostics? lsp.Diagnostic[] of kind "fix"
---@field partialResultToken? string|integer

---@class glossator.Finding
---@field code string
---@field message string
---@field range lsp.Range
---@field url string
---@field fixable boolean

---@class glossator.Hunk
---@field id integer
---@field range lsp.Range whole lines of the document as it was asked about
---@field oldText string
---@field newText string

---@class glossator.RewriteResult: glossator.ChatResult
---@field id string
---@field range lsp.Range what `code` would replace
---@field code string
---@field applicable boolean
---@field problems string[] why it is not applicable
---@field hunks glossator.Hunk[]
---@field findings glossator.Finding[]

---@class glossator.AcceptResult
---@field applied boolean
---@field accepted integer[] every hunk of the rewrite that is in the document now
---@field reason string

---@class glossator.Progress
---@field kind "queued"|"admitted"|"citations"|"notice"|"thinking"|"evidence"|"code"|"delta"|"end"
---@field position? integer queued
---@field model? string admitted
---@field citations? glossator.Citation[] citations
---@field late? boolean citations
---@field message? string notice
---@field findings? glossator.Finding[] evidence
---@field text? string delta, code
---@field reason? glossator.FinishReason|"failed" end

---@class glossator.Turn
---@field role "user"|"assistant"
---@field text string
---@field citations glossator.Citation[]

---@class glossator.ConversationSummary
---@field tabId string
---@field title string
---@field updatedAt number seconds since the epoch
---@field turns integer

---@class glossator.Mention
---@field label string
---@field detail string

---@class glossator.Status
---@field state "connecting"|"ready"|"degraded"|"offline"
---@field url string
---@field reason string
---@field inlineCompletion? "unknown"|"available"|"unavailable"|"disabled"
---@field inlineCompletionReason? string
