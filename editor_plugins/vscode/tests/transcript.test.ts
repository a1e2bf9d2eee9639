import { expect, test } from "vitest";
import {
  type Answer,
  applyEvent,
  busy,
  type ChatEvent,
  empty,
  lastQuestion,
  restored,
} from "../src/chat/transcript";
import type { ChatResult, Citation, Progress } from "../src/protocol";

const citation: Citation = {
  number: 1,
  title: "numpy.fft.irfft",
  uri: "file:///f.py",
  breadcrumb: "",
  line: 3,
  version: "2.0",
  score: 1,
};

const result: ChatResult = {
  text: "whole",
  citations: [citation],
  finishReason: "stop",
  usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
  timings: { queueMs: 0, railsMs: 0, retrievalMs: 0, ttftMs: 0, totalMs: 0 },
};

function progress(value: Progress): ChatEvent {
  return { type: "progress", progress: value };
}

function after(...events: ChatEvent[]): Answer {
  const transcript = [{ type: "asked", prompt: "how?" } as const, ...events].reduce(
    applyEvent,
    empty("tab"),
  );
  const last = transcript.messages.at(-1);
  if (last?.role !== "assistant") {
    throw new Error("no answer");
  }
  return last;
}

test("deltas are joined, and the first one ends the waiting", () => {
  expect(after().phase).toBe("waiting");
  const answer = after(
    progress({ kind: "delta", text: "on" }),
    progress({ kind: "delta", text: "e" }),
  );
  expect(answer).toMatchObject({ phase: "streaming", text: "one", note: "" });
});

test("the response settles what was streamed", () => {
  const answer = after(progress({ kind: "delta", text: "who" }), { type: "answered", result });
  expect(answer).toMatchObject({ phase: "done", text: "whole", citations: [citation], note: "" });
});

test("what was said before a failure stays, with the reason under it", () => {
  const answer = after(progress({ kind: "delta", text: "half" }), {
    type: "failed",
    message: "the connection was lost",
  });
  expect(answer).toMatchObject({ phase: "failed", text: "half", note: "the connection was lost" });
});

test("a place in the queue, and then the model, are told while nothing else is known", () => {
  expect(after(progress({ kind: "queued", position: 2 })).note).toContain("2 before");
  expect(after(progress({ kind: "admitted", model: "tiny", queueMs: 1 })).note).toContain("tiny");
});

test("a model that thinks is told, until it answers", () => {
  expect(after(progress({ kind: "thinking" })).note).toContain("Thinking");
  const answer = after(progress({ kind: "thinking" }), progress({ kind: "delta", text: "Yes" }));
  expect(answer).toMatchObject({ phase: "streaming", text: "Yes", note: "" });
});

test("an admission after a failover does not take back the answer", () => {
  const answer = after(
    progress({ kind: "delta", text: "half" }),
    progress({ kind: "admitted", model: "tiny", queueMs: 1 }),
  );
  expect(answer).toMatchObject({ phase: "streaming", note: "" });
});

test("a late search is told, notices gather", () => {
  const answer = after(
    progress({ kind: "citations", citations: [], late: true }),
    progress({ kind: "notice", about: "pii", message: "an address was removed" }),
  );
  expect(answer.notices).toHaveLength(2);
});

test("kinds that a newer server may send change nothing", () => {
  const newer = { kind: "mood", text: "x" } as unknown as Progress;
  expect(after(progress(newer))).toEqual(after());
});

test.each([
  ["length", "greatest length", "done"],
  ["cancelled", "Stopped", "stopped"],
  ["blocked", "withheld", "done"],
] as const)("an answer that ended by %s says so", (finishReason, words, phase) => {
  const answer = after({ type: "answered", result: { ...result, finishReason } });
  expect(answer.note).toContain(words);
  expect(answer.phase).toBe(phase);
});

test("one answer at a time, from the question to its end", () => {
  let transcript = applyEvent(empty("tab"), { type: "asked", prompt: "how?" });
  expect(busy(transcript)).toBe(true);
  transcript = applyEvent(transcript, { type: "stopped" });
  expect(busy(transcript)).toBe(false);
  expect(lastQuestion(transcript)).toBe("how?");
});

test("a stored conversation is shown as it was", () => {
  const transcript = restored({
    tabId: "t",
    turns: [
      { role: "user", text: "how?", citations: [] },
      { role: "assistant", text: "so [1]", citations: [citation] },
    ],
  });
  expect(transcript.messages).toMatchObject([
    { role: "user", text: "how?" },
    { role: "assistant", text: "so [1]", phase: "done", citations: [citation] },
  ]);
});
