// Answers beside the code: a comment thread under the lines they are about, growing as they come.

import * as vscode from "vscode";

// More than the 100 ms for which VS Code waits for the next change of a thread before it shows one:
// changes that follow each other faster are shown when they have ended.
const REDRAW_MS = 120;

export interface BesideEvents {
  /** The thread was closed, or *Stop* was chosen. */
  stop(): void;
}

export class Threads implements vscode.Disposable {
  private readonly controller = vscode.comments.createCommentController("glossator", "Glossator");
  private readonly open = new Map<vscode.CommentThread, Thread>();

  start(uri: vscode.Uri, range: vscode.Range, label: string, events: BesideEvents): Thread {
    const thread = this.controller.createCommentThread(uri, range, []);
    thread.label = label;
    thread.canReply = false;
    thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    const view = new Thread(thread, events, () => this.open.delete(thread));
    this.open.set(thread, view);
    return view;
  }

  stop(thread: vscode.CommentThread): void {
    this.open.get(thread)?.events.stop();
  }

  close(thread: vscode.CommentThread): void {
    this.open.get(thread)?.close();
  }

  dispose(): void {
    this.controller.dispose();
  }
}

export class Thread {
  private text = "";
  private drawnAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly thread: vscode.CommentThread,
    readonly events: BesideEvents,
    private readonly closed: () => void,
  ) {
    thread.contextValue = "running";
  }

  /** Replaces what it shows. Drawn at once, unless it has just been drawn. */
  show(markdown: string): void {
    this.text = markdown;
    const wait = this.drawnAt + REDRAW_MS - performance.now();
    if (wait <= 0) {
      this.draw();
    } else {
      this.timer ??= setTimeout(() => this.draw(), wait);
    }
  }

  /** Nothing more will come. */
  finish(markdown: string): void {
    this.text = markdown;
    this.thread.contextValue = "finished";
    this.draw();
  }

  close(): void {
    clearTimeout(this.timer);
    this.events.stop();
    this.closed();
    this.thread.dispose();
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.drawnAt = performance.now();
    // The language server has escaped what could lead out; commands and HTML are off besides.
    const body = new vscode.MarkdownString(this.text);
    body.isTrusted = false;
    body.supportHtml = false;
    this.thread.comments = [
      {
        author: { name: "Glossator" },
        body,
        mode: vscode.CommentMode.Preview,
      },
    ];
  }
}
