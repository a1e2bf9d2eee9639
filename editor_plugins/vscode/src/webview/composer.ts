// Where the user types questions. Enter sends, Shift+Enter breaks the line, `@` and `/` complete.

import type { Mention } from "../protocol";
import { prefixAt } from "./prefix";

export interface ComposerEvents {
  ask(prompt: string): void;
  stop(): void;
  typing(prompt: string): void;
  complete(prefix: string): void;
}

export class Composer {
  private readonly prompt = byId("prompt", HTMLTextAreaElement);
  private readonly list = byId("mentions", HTMLUListElement);
  private readonly send = byId("send", HTMLButtonElement);
  private readonly stop = byId("stop", HTMLButtonElement);
  private selected = 0;
  private busy = false;
  private recalled = "";

  constructor(private readonly events: ComposerEvents) {
    byId("composer", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.stop.addEventListener("click", () => this.events.stop());
    this.prompt.addEventListener("keydown", (event) => this.key(event));
    this.prompt.addEventListener("input", () => this.changed());
    this.prompt.addEventListener("blur", () => this.hide());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the prompt keeps the focus
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      this.take([...this.list.children].indexOf(item ?? this.list));
    });
  }

  get draft(): string {
    return this.prompt.value;
  }

  set draft(text: string) {
    this.prompt.value = text;
  }

  focus(): void {
    this.prompt.focus();
  }

  /** For when the page has the keyboard, but no element in it does. */
  takeFocus(): void {
    if (document.hasFocus() && document.activeElement === document.body) {
      this.prompt.focus();
    }
  }

  /** `last` is what the up arrow recalls. */
  setState(busy: boolean, last: string): void {
    this.busy = busy;
    this.recalled = last;
    this.stop.hidden = !busy;
    this.send.hidden = busy;
  }

  /** Ignores them if the user has typed something else since they were asked for. */
  offer(prefix: string, mentions: readonly Mention[]): void {
    if (prefix !== this.prefix()) {
      return;
    }
    this.list.replaceChildren(...mentions.map(option));
    this.list.hidden = mentions.length === 0;
    this.prompt.setAttribute("aria-expanded", String(!this.list.hidden));
    this.select(0);
  }

  private prefix(): string {
    return prefixAt(this.prompt.value, this.prompt.selectionStart);
  }

  private submit(): void {
    const prompt = this.prompt.value.trim();
    if (prompt !== "" && !this.busy) {
      this.events.ask(prompt); // first, for it waits for nothing that is drawn
      this.prompt.value = "";
      this.hide();
    }
  }

  private changed(): void {
    this.events.typing(this.prompt.value);
    const prefix = this.prefix();
    prefix === "" ? this.hide() : this.events.complete(prefix);
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) {
      return; // Enter ends an input method's word, not the question
    }
    const choosing = !this.list.hidden;
    const count = this.list.children.length;
    if (choosing && event.key === "ArrowDown") {
      this.select((this.selected + 1) % count);
    } else if (choosing && event.key === "ArrowUp") {
      this.select((this.selected + count - 1) % count);
    } else if (choosing && (event.key === "Tab" || event.key === "Enter")) {
      this.take(this.selected);
    } else if (choosing && event.key === "Escape") {
      this.hide();
    } else if (event.key === "Enter" && !event.shiftKey) {
      this.submit();
    } else if (event.key === "Escape" && this.busy) {
      this.events.stop();
    } else if (event.key === "ArrowUp" && this.prompt.value === "" && this.recalled !== "") {
      this.prompt.value = this.recalled;
    } else {
      return;
    }
    event.preventDefault();
  }

  private select(index: number): void {
    this.selected = index;
    [...this.list.children].forEach((item, i) => {
      item.setAttribute("aria-selected", String(i === index));
    });
    const item = this.list.children[index];
    item?.scrollIntoView({ block: "nearest" });
    this.prompt.setAttribute("aria-activedescendant", this.list.hidden ? "" : (item?.id ?? ""));
  }

  private take(index: number): void {
    const label = this.list.children[index]?.getAttribute("data-label");
    if (label == null) {
      return;
    }
    const caret = this.prompt.selectionStart;
    // `@file:` waits for what comes after its colon.
    const text = label.endsWith(":") ? label : `${label} `;
    this.prompt.setRangeText(text, caret - this.prefix().length, caret, "end");
    this.hide();
    this.changed();
  }

  private hide(): void {
    this.list.hidden = true;
    this.prompt.setAttribute("aria-expanded", "false");
    this.prompt.removeAttribute("aria-activedescendant");
  }
}

export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) {
    throw new Error(`the page has no ${id}`);
  }
  return element;
}

function option(mention: Mention, index: number): HTMLLIElement {
  const item = document.createElement("li");
  item.id = `mention-${index}`;
  item.setAttribute("role", "option");
  item.dataset["label"] = mention.label;
  const detail = document.createElement("span");
  detail.textContent = mention.detail;
  item.append(mention.label, " ", detail);
  return item;
}
