// Everything that the language server adds to LSP. It mirrors lsp_server/protocol/ and docs/lsp.md.
// Lines and characters count from 0, in the negotiated encoding (UTF-16 in VS Code).
// It has only types and names of methods, because the webview imports it too.

import type {
  Diagnostic,
  Position,
  Range,
  TextDocumentIdentifier,
  VersionedTextDocumentIdentifier,
} from "vscode-languageserver-types";

export const CHAT = "glossator/chat";
export const EXPLAIN = "glossator/explain";
export const REWRITE = "glossator/rewrite";
export const ACCEPT = "glossator/accept";
export const MENTIONS = "glossator/mentions";
export const LIST_CONVERSATIONS = "glossator/conversations/list";
export const GET_CONVERSATION = "glossator/conversations/get";
export const DELETE_CONVERSATION = "glossator/conversations/delete";
export const PREPARE = "glossator/prepare";
export const STATUS = "glossator/didChangeStatus";

/** The commands of the server's code actions, which the editor runs itself (`previews`). */
export const REWRITE_COMMAND = "glossator.rewrite";
export const EXPLAIN_COMMAND = "glossator.explain";

/** LSP 3.17: the request was well-formed but could not be answered. The message is for the user. */
export const REQUEST_FAILED = -32803;

export type FinishReason = "stop" | "length" | "cancelled" | "blocked";

/** `initializationOptions`, and `settings.glossator` of `workspace/didChangeConfiguration`. */
export interface Options {
  sources: string[] | null;
  hoverBudgetMs: number;
  inlineCompletion: boolean;
  contextTokens: number;
  ruff: string;
  historyFolder: string;
  documentCharacters: number;
  previews: true;
  trusted: boolean;
}

export interface CursorState {
  position?: Position;
  range?: Range;
}

export interface ChatContext {
  sources?: string[];
  diagnostics?: Diagnostic[];
}

export interface Streamed {
  partialResultToken?: string | number;
}

export interface ChatParams extends Streamed {
  tabId: string;
  prompt: string;
  textDocument?: TextDocumentIdentifier;
  cursorState?: CursorState[];
  context?: ChatContext;
}

export interface ExplainParams extends Streamed {
  textDocument: TextDocumentIdentifier;
  range: Range;
  question?: string;
  context?: ChatContext;
}

export interface Citation {
  number: number;
  title: string;
  uri: string;
  breadcrumb: string;
  line: number | null;
  version: string;
  score: number;
}

export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export interface Timings {
  queueMs: number;
  railsMs: number;
  retrievalMs: number;
  ttftMs: number;
  totalMs: number;
}

export interface ChatResult {
  text: string;
  citations: Citation[];
  finishReason: FinishReason;
  usage: Usage;
  timings: Timings;
}

/** What a linter says about the selected code. */
export interface Finding {
  code: string;
  message: string;
  range: Range;
  url: string;
  fixable: boolean;
}

/** Ignore kinds that you do not know. */
export type Progress =
  | { kind: "queued"; position: number }
  | { kind: "admitted"; model: string; queueMs: number }
  | { kind: "citations"; citations: Citation[]; late: boolean }
  | { kind: "notice"; about: string; message: string }
  | { kind: "thinking" }
  | { kind: "evidence"; findings: Finding[] }
  | { kind: "code"; text: string }
  | { kind: "delta"; text: string }
  | { kind: "end"; reason: FinishReason | "failed" };

export type RewriteKind = "optimize" | "document" | "fix" | "rewrite";

export interface RewriteParams extends Streamed {
  kind: RewriteKind;
  textDocument: VersionedTextDocumentIdentifier;
  range: Range;
  instruction?: string;
  diagnostics?: Diagnostic[];
}

/** A change that can be accepted alone: whole lines of the document for which it was asked. */
export interface Hunk {
  id: number;
  range: Range;
  oldText: string;
  newText: string;
}

/** A proposal. Nothing changes before `glossator/accept`. */
export interface RewriteResult {
  id: string;
  textDocument: VersionedTextDocumentIdentifier;
  range: Range;
  text: string;
  code: string;
  applicable: boolean;
  problems: string[];
  hunks: Hunk[];
  findings: Finding[];
  citations: Citation[];
  finishReason: FinishReason;
  usage: Usage;
  timings: Timings;
}

export interface AcceptParams {
  id: string;
  hunks: number[] | null;
}

export interface AcceptResult {
  applied: boolean;
  accepted: number[];
  reason: string;
}

export interface MentionsParams {
  prefix: string;
  textDocument?: TextDocumentIdentifier;
}

/** `label` replaces the prefix. */
export interface Mention {
  label: string;
  detail: string;
}

export interface Turn {
  role: "user" | "assistant";
  text: string;
  citations: Citation[];
}

/** `updatedAt` in seconds since the epoch. */
export interface ConversationSummary {
  tabId: string;
  title: string;
  updatedAt: number;
  turns: number;
}

export interface Conversation {
  tabId: string;
  turns: Turn[];
}

export interface PrepareParams {
  tabId?: string;
  prompt?: string;
  textDocument?: TextDocumentIdentifier;
  cursorState?: CursorState[];
}

/** `data` of an error response with code `REQUEST_FAILED`. */
export interface FailureData {
  code: string;
  retryAfterMs?: number;
}

export interface Status {
  state: "connecting" | "ready" | "degraded" | "offline";
  url: string;
  reason: string;
  inlineCompletion?: "unknown" | "available" | "unavailable" | "disabled";
  inlineCompletionReason?: string;
}
