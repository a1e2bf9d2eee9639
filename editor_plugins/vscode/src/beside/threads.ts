// Answers beside the code: a comment thread under the lines that an answer is about. It grows while
// the answer arrives.

import * as vscode from "vscode";

// VS Code waits 100 ms for the next change of a thread before it shows one. Changes that follow each
// other faster are shown only when they have ended, so this is longer.
const REDRAW_MS = 120;

export interface BesideEvents {
  /** Called when the user closes the thread or chooses *Stop*. */
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

  /** Replaces what the thread shows. Draws at once, unless it has just drawn. */
  show(markdown: string): void {
    this.text = markdown;
    const wait = this.drawnAt + REDRAW_MS - performance.now();
    if (wait <= 0) {
      this.draw();
    } else {
      this.timer ??= setTimeout(() => this.draw(), wait);
    }
  }

  /** Call it when nothing more will come. */
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
    // The language server has escaped what could lead out. Commands and HTML are also switched off.
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
