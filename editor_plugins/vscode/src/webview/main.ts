// The chat's page: draws the transcript that the extension holds, and tells it what the user does.

import type { FromWebview, ToWebview } from "../chat/messages";
import {
  applyEvent,
  busy,
  type ChatEvent,
  empty,
  lastQuestion,
  type Transcript,
} from "../chat/transcript";
import type { Status } from "../protocol";
import { type Actions, MessageView } from "./answer";
import { byId, Composer } from "./composer";

const TYPING_PAUSE_MS = 250;
/** How near to its end the transcript must be scrolled to follow the answer. */
const FOLLOW_PX = 40;

const editor = acquireVsCodeApi<{ draft: string }>();
const log = byId("transcript", HTMLDivElement);
const announcement = byId("announcement", HTMLParagraphElement);
const connection = byId("connection", HTMLParagraphElement);

let transcript: Transcript = empty("");
let views: MessageView[] = [];
let frame = 0;
let typing: ReturnType<typeof setTimeout> | undefined;

function post(message: FromWebview): void {
  editor.postMessage(message);
}

const composer = new Composer({
  ask: (prompt) => {
    post({ type: "ask", prompt });
    clearTimeout(typing);
    editor.setState({ draft: "" });
  },
  stop: () => post({ type: "stop" }),
  typing: (prompt) => {
    editor.setState({ draft: prompt });
    clearTimeout(typing);
    typing = setTimeout(() => post({ type: "prepare", prompt }), TYPING_PAUSE_MS);
  },
  complete: (prefix) => post({ type: "complete", prefix }),
});

function actionsOf(message: number): Actions {
  return {
    citation: (number) => post({ type: "citation", message, number }),
    link: (href) => post({ type: "link", href }),
    code: (type, code) => post({ type, code }),
    again: () => post({ type: "ask", prompt: lastQuestion(transcript) }),
  };
}

function draw(): void {
  cancelAnimationFrame(frame);
  frame = 0;
  let following = log.scrollHeight - log.scrollTop - log.clientHeight < FOLLOW_PX;
  transcript.messages.forEach((message, index) => {
    let view = views[index];
    if (view === undefined) {
      view = new MessageView(message.role, actionsOf(index));
      views.push(view);
      following = true; // what was just asked is to be seen
      log.append(view.element);
    } else if (index < transcript.messages.length - 2) {
      return; // only the last exchange changes
    }
    view.update(message);
  });
  composer.setState(busy(transcript), lastQuestion(transcript));
  if (following) {
    // Only as far as the last question stays in view, because people read an answer from its beginning.
    const question = views.at(-2)?.element.offsetTop ?? 0;
    log.scrollTop = Math.min(log.scrollHeight, question - log.offsetTop);
  }
}

function show(next: Transcript): void {
  transcript = next;
  views = [];
  log.replaceChildren();
  draw();
}

function happened(event: ChatEvent): void {
  const before = transcript.messages.at(-1);
  transcript = applyEvent(transcript, event);
  const after = transcript.messages.at(-1);
  // The first character is drawn at once. What follows comes faster than the screen draws frames.
  const first = before?.role === "assistant" && before.text === "" && after?.text !== "";
  if (event.type === "progress" && !first) {
    frame ||= requestAnimationFrame(draw);
  } else {
    draw();
  }
  announce(event);
}

function announce(event: ChatEvent): void {
  const said = {
    asked: "Asked. Escape stops the answer.",
    answered: "The answer is complete.",
    stopped: "Stopped.",
    failed: "",
    progress: undefined,
  }[event.type];
  if (said !== undefined) {
    announcement.textContent = said;
  }
}

function showConnection(status: Status): void {
  connection.hidden = status.state === "ready";
  connection.dataset["state"] = status.state;
  const text = status.state === "connecting" ? "Connecting to the backend…" : status.reason;
  connection.textContent = text;
  connection.title = text; // one line may not show it all
}

window.addEventListener("message", ({ data }: MessageEvent<ToWebview>) => {
  switch (data.type) {
    case "transcript":
      return show(data.transcript);
    case "event":
      return data.tabId === transcript.tabId ? happened(data.event) : undefined;
    case "status":
      return showConnection(data.status);
    case "place":
      byId("place", HTMLSpanElement).textContent = data.label;
      return;
    case "mentions":
      return composer.offer(data.prefix, data.mentions);
    case "focus":
      return composer.focus();
  }
});
window.addEventListener("focus", () => {
  composer.takeFocus();
  post({ type: "prepare", prompt: composer.draft });
});

composer.draft = editor.getState()?.draft ?? "";
composer.takeFocus();
post({ type: "ready" });
