// Shows one message as an element, and updates it while the message grows.

import DOMPurify from "dompurify";
import type { Answer, Message } from "../chat/transcript";
import type { Citation } from "../protocol";
import { type Block, blocks } from "./markdown";

/** What a message's links and buttons ask for. */
export interface Actions {
  citation(number: number): void;
  link(href: string): void;
  code(action: "copy" | "insert" | "apply", code: string): void;
  again(): void;
}

export class MessageView {
  readonly element = document.createElement("article");
  private readonly body = document.createElement("div");
  private readonly foot = document.createElement("footer");
  private drawn: Block[] = [];
  private footed: Answer | undefined;

  constructor(
    role: Message["role"],
    private readonly actions: Actions,
  ) {
    this.element.className = role;
    const heading = document.createElement("h2");
    heading.textContent = role === "user" ? "You" : "Glossator";
    this.body.className = "body";
    this.element.append(heading, this.body, this.foot);
    this.element.addEventListener("click", (event) => this.clicked(event));
  }

  update(message: Message): void {
    if (message.role === "user") {
      this.body.textContent = message.text;
      return;
    }
    this.element.dataset["phase"] = message.phase;
    // A screen reader reads the answer when it is complete, not word by word.
    this.element.setAttribute("aria-busy", String(message.phase === "streaming"));
    this.drawText(message.text);
    if (this.footed === undefined || footChanged(this.footed, message)) {
      this.foot.replaceChildren(...this.footOf(message));
      this.footed = message;
    }
  }

  private drawText(text: string): void {
    const wanted = blocks(text);
    wanted.forEach((block, index) => {
      const before = this.drawn[index];
      if (before?.source === block.source && before.html === block.html) {
        return;
      }
      const element = this.drawBlock(block);
      const old = this.body.children[index];
      old === undefined ? this.body.append(element) : old.replaceWith(element);
    });
    while (this.body.children.length > wanted.length) {
      this.body.lastElementChild?.remove();
    }
    this.drawn = wanted;
  }

  private drawBlock(block: Block): HTMLElement {
    const element = document.createElement("div");
    element.append(DOMPurify.sanitize(block.html, { RETURN_DOM_FRAGMENT: true }));
    for (const code of element.querySelectorAll("pre")) {
      code.tabIndex = 0; // to scroll it by keyboard
      const tools = document.createElement("div");
      tools.className = "tools";
      tools.setAttribute("role", "toolbar");
      tools.setAttribute("aria-label", "Code");
      tools.append(
        button("Copy", "copy", "Copy this code"),
        button("Insert", "insert", "Insert at the cursor"),
        button("Apply…", "apply", "Preview in place of the selection, or at the cursor, as a diff"),
      );
      code.before(tools);
    }
    return element;
  }

  private footOf(answer: Answer): HTMLElement[] {
    const parts: HTMLElement[] = answer.notices.map((notice) => paragraph("notice", notice));
    if (answer.note !== "") {
      const note = paragraph("note", answer.note);
      if (answer.phase === "failed") {
        note.setAttribute("role", "alert");
      }
      parts.push(note);
    }
    if (answer.phase === "failed" || answer.phase === "stopped") {
      parts.push(button("Ask again", "again", "Ask the same question again"));
    }
    if (answer.citations.length > 0) {
      parts.push(sources(answer.citations));
    }
    return parts;
  }

  private clicked(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target.closest("a, button") : null;
    if (target instanceof HTMLAnchorElement) {
      event.preventDefault();
      const href = target.getAttribute("href") ?? "";
      const number = /^#citation-(\d+)$/.exec(href)?.[1];
      number === undefined ? this.actions.link(href) : this.actions.citation(Number(number));
    } else if (target instanceof HTMLButtonElement) {
      const action = target.dataset["action"];
      if (action === "again") {
        this.actions.again();
      } else if (action === "copy" || action === "insert" || action === "apply") {
        const code = target.parentElement?.nextElementSibling?.textContent ?? "";
        this.actions.code(action, code);
      }
    }
  }
}

function footChanged(before: Answer, now: Answer): boolean {
  return (
    before.phase !== now.phase ||
    before.note !== now.note ||
    before.notices !== now.notices ||
    before.citations !== now.citations
  );
}

function sources(citations: readonly Citation[]): HTMLElement {
  const details = document.createElement("details");
  details.open = true;
  const summary = document.createElement("summary");
  summary.textContent = citations.length === 1 ? "1 source" : `${citations.length} sources`;
  const list = document.createElement("ol");
  for (const citation of citations) {
    const item = document.createElement("li");
    item.value = citation.number;
    const link = document.createElement("a");
    link.href = `#citation-${citation.number}`;
    link.textContent = citation.title;
    link.title = citation.uri;
    const where = [citation.breadcrumb, citation.version].filter((part) => part !== "");
    item.append(link, where.length > 0 ? ` ${where.join(" · ")}` : "");
    list.append(item);
  }
  details.append(summary, list);
  return details;
}

function button(label: string, action: string, title: string): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.dataset["action"] = action;
  element.textContent = label;
  element.title = title;
  return element;
}

function paragraph(className: string, text: string): HTMLParagraphElement {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}
