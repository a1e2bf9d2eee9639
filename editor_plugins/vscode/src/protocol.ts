// Everything the language server adds to LSP; mirrors lsp_server/protocol.py and docs/lsp.md.
// Lines and characters count from 0, in the negotiated encoding (UTF-16 in VS Code).

import {
  NotificationType,
  type Position,
  ProgressType,
  type Range,
  RequestType,
  type TextDocumentIdentifier,
} from "vscode-languageclient/node";

export interface CursorState {
  position?: Position;
  range?: Range;
}

export interface ChatParams {
  tabId: string;
  prompt: string;
  textDocument?: TextDocumentIdentifier;
  cursorState?: CursorState[];
  context?: { sources?: string[] };
  partialResultToken?: string | number;
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
  finishReason: "stop" | "length" | "cancelled" | "blocked";
  usage: Usage;
  timings: Timings;
}

export type ChatProgress =
  | { kind: "queued"; position: number }
  | { kind: "admitted"; model: string; queueMs: number }
  | { kind: "citations"; citations: Citation[]; late: boolean }
  | { kind: "notice"; about: string; message: string }
  | { kind: "delta"; text: string }
  | { kind: "end"; reason: ChatResult["finishReason"] | "failed" };

/** `data` of an error response with code -32803. */
export interface FailureData {
  code: string;
  retryAfterMs?: number;
}

export interface Status {
  state: "connecting" | "ready" | "degraded" | "offline";
  url: string;
  reason: string;
}

export const chatRequest = new RequestType<ChatParams, ChatResult, FailureData>("glossator/chat");
export const chatProgress = new ProgressType<ChatProgress>();
export const statusNotification = new NotificationType<Status>("glossator/didChangeStatus");
