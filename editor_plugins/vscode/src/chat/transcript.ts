// What a chat shows, and how each event changes it. Pure. The extension and the webview share it: the
// extension keeps the transcript, and the webview, which VS Code may throw away, replays the events.

import type { ChatResult, Citation, Conversation, Progress } from "../protocol";

export interface Question {
  readonly role: "user";
  readonly text: string;
}

/** `waiting` until the first delta. `note` tells the user how it ended, or what is going on. */
export interface Answer {
  readonly role: "assistant";
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly notices: readonly string[];
  readonly phase: "waiting" | "streaming" | "done" | "stopped" | "failed";
  readonly note: string;
}

export type Message = Question | Answer;

export interface Transcript {
  readonly tabId: string;
  readonly messages: readonly Message[];
}

export type ChatEvent =
  | { type: "asked"; prompt: string }
  | { type: "progress"; progress: Progress }
  | { type: "answered"; result: ChatResult }
  | { type: "stopped" }
  | { type: "failed"; message: string };

export function empty(tabId: string): Transcript {
  return { tabId, messages: [] };
}

export function restored(conversation: Conversation): Transcript {
  const messages = conversation.turns.map(
    (turn): Message =>
      turn.role === "user"
        ? { role: "user", text: turn.text }
        : { ...unanswered, text: turn.text, citations: turn.citations, phase: "done", note: "" },
  );
  return { tabId: conversation.tabId, messages };
}

/** Whether an answer is under way. Each conversation has one at a time. */
export function busy(transcript: Transcript): boolean {
  const last = transcript.messages.at(-1);
  return last?.role === "assistant" && (last.phase === "waiting" || last.phase === "streaming");
}

export function lastQuestion(transcript: Transcript): string {
  return transcript.messages.findLast((message) => message.role === "user")?.text ?? "";
}

export function applyEvent(transcript: Transcript, event: ChatEvent): Transcript {
  if (event.type === "asked") {
    const question: Question = { role: "user", text: event.prompt };
    return { ...transcript, messages: [...transcript.messages, question, unanswered] };
  }
  const last = transcript.messages.at(-1);
  if (last?.role !== "assistant") {
    return transcript;
  }
  return { ...transcript, messages: [...transcript.messages.slice(0, -1), answer(last, event)] };
}

const unanswered: Answer = {
  role: "assistant",
  text: "",
  citations: [],
  notices: [],
  phase: "waiting",
  note: "Searching…",
};

function answer(before: Answer, event: Exclude<ChatEvent, { type: "asked" }>): Answer {
  switch (event.type) {
    case "progress":
      return advanced(before, event.progress);
    case "answered": {
      const { text, citations, finishReason } = event.result;
      const phase = finishReason === "cancelled" ? "stopped" : "done";
      return { ...before, text, citations, phase, note: endings[finishReason] };
    }
    case "stopped":
      return { ...before, phase: "stopped", note: endings.cancelled };
    case "failed":
      return { ...before, phase: "failed", note: event.message };
  }
}

const endings: Record<ChatResult["finishReason"], string> = {
  stop: "",
  length: "The answer reached its greatest length.",
  cancelled: "Stopped.",
  blocked: "The rest of this answer was withheld.",
};

function advanced(before: Answer, progress: Progress): Answer {
  switch (progress.kind) {
    case "queued":
      return { ...before, note: `Waiting: ${progress.position} before this one…` };
    case "admitted":
      return before.phase === "waiting"
        ? { ...before, note: `${progress.model} is answering…` }
        : before;
    case "citations":
      return progress.late
        ? { ...before, notices: [...before.notices, LATE] }
        : { ...before, citations: progress.citations };
    case "notice":
      return { ...before, notices: [...before.notices, progress.message] };
    case "thinking":
      return { ...before, note: "Thinking…" };
    case "delta":
      return { ...before, text: before.text + progress.text, phase: "streaming", note: "" };
    default:
      return before;
  }
}

const LATE = "The search took too long; this answer has no sources.";
