import { expect, test } from "vitest";
import { type AskBackend, Conversations } from "../src/chat/conversations";
import { restored } from "../src/chat/transcript";
import type { ChatResult } from "../src/protocol";

const result: ChatResult = {
  text: "so",
  citations: [],
  finishReason: "stop",
  usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
  timings: { queueMs: 0, railsMs: 0, retrievalMs: 0, ttftMs: 0, totalMs: 0 },
};

function untilStopped(): AskBackend {
  return (_tab, _prompt, _onProgress, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new Error("cancelled")));
    });
}

function conversations(ask: AskBackend) {
  const events: string[] = [];
  let count = 0;
  const all = new Conversations(
    ask,
    (tabId, event) => events.push(`${tabId} ${event.type}`),
    () => `tab${++count}`,
  );
  return { all, events };
}

test("every event of an answer is told, in order, with its tab", async () => {
  const { all, events } = conversations(async (_tab, _prompt, onProgress) => {
    onProgress({ kind: "delta", text: "so" });
    return result;
  });
  await all.ask("how?");
  expect(events).toEqual(["tab1 asked", "tab1 progress", "tab1 answered"]);
});

test("a second question waits for nobody: it is not asked while an answer is under way", async () => {
  const { all } = conversations(untilStopped());
  const first = all.ask("how?");
  await all.ask("why?");
  expect(all.current.messages).toHaveLength(2);
  all.stop();
  await first;
});

test("a stopped answer is stopped, not failed", async () => {
  const { all, events } = conversations(untilStopped());
  const asked = all.ask("how?");
  all.stop();
  await asked;
  expect(events.at(-1)).toBe("tab1 stopped");
});

test("a failure is told in the backend's words", async () => {
  const { all } = conversations(() => Promise.reject(new Error("too busy")));
  await all.ask("how?");
  expect(all.current.messages.at(-1)).toMatchObject({ phase: "failed", note: "too busy" });
});

test("an answer goes on in its tab while another one is shown", async () => {
  let finish: (result: ChatResult) => void = () => {};
  const { all } = conversations(
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  const asked = all.ask("how?");
  all.start();
  expect(all.current).toEqual({ tabId: "tab2", messages: [] });
  finish(result);
  await asked;
  expect(all.show("tab1")).toBe(true);
  expect(all.current.messages.at(-1)).toMatchObject({ phase: "done", text: "so" });
});

test("deleting the shown conversation stops its answer and shows a new one", async () => {
  const { all } = conversations(untilStopped());
  const asked = all.ask("how?");
  all.forget("tab1");
  await asked;
  expect(all.show("tab1")).toBe(false);
  expect(all.current).toEqual({ tabId: "tab2", messages: [] });
});

test("one from the disk goes on under its own id", async () => {
  const { all, events } = conversations(() => Promise.resolve(result));
  all.open(restored({ tabId: "old", turns: [{ role: "user", text: "how?", citations: [] }] }));
  await all.ask("and then?");
  expect(events[0]).toBe("old asked");
});
