// The conversations that are open, and the answers under way in them. Knows no editor: the caller says
// how to get an answer, and who is told of events.

import type { ChatResult, Progress } from "../protocol";
import { applyEvent, busy, type ChatEvent, empty, type Transcript } from "./transcript";

/** Rejects with an error whose message is for the user; `signal` stops the answer. */
export type AskBackend = (
  tabId: string,
  prompt: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
) => Promise<ChatResult>;

export class Conversations {
  private readonly transcripts = new Map<string, Transcript>();
  private readonly running = new Map<string, AbortController>();
  private shown: string;

  constructor(
    private readonly askBackend: AskBackend,
    private readonly onEvent: (tabId: string, event: ChatEvent) => void,
    private readonly newId: () => string = () => crypto.randomUUID(),
  ) {
    this.shown = this.newId();
  }

  get current(): Transcript {
    return this.transcripts.get(this.shown) ?? empty(this.shown);
  }

  /** Begins a new conversation. An answer under way in the one before goes on. */
  start(): void {
    this.shown = this.newId();
  }

  /** Shows a conversation that is already open. */
  show(tabId: string): boolean {
    const known = this.transcripts.has(tabId);
    if (known) {
      this.shown = tabId;
    }
    return known;
  }

  open(transcript: Transcript): void {
    this.transcripts.set(transcript.tabId, transcript);
    this.shown = transcript.tabId;
  }

  forget(tabId: string): void {
    this.running.get(tabId)?.abort();
    this.transcripts.delete(tabId);
    if (this.shown === tabId) {
      this.start();
    }
  }

  /** Returns when the answer has ended in any way. Does nothing while another answer is under way. */
  async ask(prompt: string): Promise<void> {
    const tabId = this.shown;
    if (busy(this.current)) {
      return;
    }
    const abort = new AbortController();
    this.running.set(tabId, abort);
    this.record(tabId, { type: "asked", prompt });
    try {
      const result = await this.askBackend(
        tabId,
        prompt,
        (progress) => this.record(tabId, { type: "progress", progress }),
        abort.signal,
      );
      this.record(tabId, { type: "answered", result });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.record(tabId, abort.signal.aborted ? { type: "stopped" } : { type: "failed", message });
    } finally {
      this.running.delete(tabId);
    }
  }

  stop(): void {
    this.running.get(this.shown)?.abort();
  }

  private record(tabId: string, event: ChatEvent): void {
    const before =
      this.transcripts.get(tabId) ?? (event.type === "asked" ? empty(tabId) : undefined);
    if (before !== undefined) {
      // There is none if the conversation was deleted while its answer was under way.
      this.transcripts.set(tabId, applyEvent(before, event));
      this.onEvent(tabId, event);
    }
  }
}
