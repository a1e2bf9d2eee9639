// What the chat's webview and the extension say to each other, over postMessage.

import type { Mention, Status } from "../protocol";
import type { ChatEvent, Transcript } from "./transcript";

export type ToWebview =
  | { type: "transcript"; transcript: Transcript }
  | { type: "event"; tabId: string; event: ChatEvent }
  | { type: "status"; status: Status }
  | { type: "place"; label: string }
  | { type: "mentions"; prefix: string; mentions: Mention[] }
  | { type: "focus" };

export type FromWebview =
  | { type: "ready" }
  | { type: "ask"; prompt: string }
  | { type: "stop" }
  | { type: "prepare"; prompt: string }
  | { type: "complete"; prefix: string }
  | { type: "citation"; message: number; number: number }
  | { type: "link"; href: string }
  | { type: "copy" | "insert" | "apply"; code: string };
