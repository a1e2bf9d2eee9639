// A rewrite, from the question to the review: the new code streams into a diff, and its explanation
// into a thread under it. Code that failed the server's check is shown as text only.

import * as vscode from "vscode";
import type { Thread, Threads } from "../beside/threads";
import { withSources } from "../citations";
import {
  ACCEPT,
  type AcceptParams,
  type AcceptResult,
  type Finding,
  REWRITE,
  type RewriteKind,
  type RewriteParams,
  type RewriteResult,
} from "../protocol";
import type { Connection } from "../server/connection";
import { lineCount, preview, splitLines } from "./hunks";
import type { Review } from "./review";
import type { Reviews } from "./reviews";

const TITLES: Record<RewriteKind, string> = {
  optimize: "Optimize",
  document: "Document",
  fix: "Fix",
  rewrite: "Rewrite",
};

export async function rewrite(
  connection: Connection,
  reviews: Reviews,
  threads: Threads,
  asked: RewriteParams,
): Promise<void> {
  const params = asked.kind === "rewrite" && !asked.instruction ? await instructed(asked) : asked;
  if (params === undefined) {
    return;
  }
  const uri = vscode.Uri.parse(params.textDocument.uri);
  const document = await vscode.workspace.openTextDocument(uri);
  const base = document.getText();
  const name = vscode.workspace.asRelativePath(uri);
  const title = `${TITLES[params.kind]}: ${name}`;
  const abort = new AbortController();
  const running = new Running(reviews, title, uri, base, params);

  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      token.onCancellationRequested(() => abort.abort());
      try {
        const result = await connection.stream<RewriteParams, RewriteResult>(
          REWRITE,
          params,
          (part) => {
            if (part.kind === "evidence" && part.findings.length > 0) {
              progress.report({ message: `${part.findings.length} findings of the linter` });
            } else if (part.kind === "code") {
              running.grow(part.text);
            }
          },
          abort.signal,
        );
        await conclude(connection, running, threads, result);
      } catch (error) {
        await running.discard();
        if (!abort.signal.aborted) {
          const reason = error instanceof Error ? error.message : String(error);
          void vscode.window.showErrorMessage(`${title}: ${reason}`);
        }
      }
    },
  );
}

async function instructed(params: RewriteParams): Promise<RewriteParams | undefined> {
  const instruction = await vscode.window.showInputBox({
    title: "Glossator: rewrite the selection",
    prompt: "What should change?",
  });
  return instruction?.trim() ? { ...params, instruction } : undefined;
}

/** The code so far, and the diff that shows it from the first piece on. */
class Running {
  private code = "";
  private review: Review | undefined;
  private opening: Promise<void> = Promise.resolve();

  constructor(
    private readonly reviews: Reviews,
    readonly title: string,
    readonly uri: vscode.Uri,
    readonly base: string,
    private readonly params: RewriteParams,
  ) {}

  grow(text: string): void {
    this.code += text;
    const { range } = this.params;
    const cursor =
      range.start.line === range.end.line && range.start.character === range.end.character;
    if (!cursor) {
      // For a cursor, only the server knows which lines are meant, and it says so at the end.
      const review = this.opened();
      review.grow(preview(this.base, range, this.code));
    }
  }

  async reviewed(): Promise<Review> {
    const review = this.opened();
    await this.opening;
    return review;
  }

  async discard(): Promise<void> {
    await this.opening;
    await this.review?.close();
  }

  private opened(): Review {
    if (this.review === undefined) {
      this.review = this.reviews.start(this.title, this.uri, this.base);
      this.opening = this.review.open();
    }
    return this.review;
  }
}

async function conclude(
  connection: Connection,
  running: Running,
  threads: Threads,
  result: RewriteResult,
): Promise<void> {
  const { title, uri } = running;
  const first = result.range.start.line;
  const explain = (target: vscode.Uri, count: number, markdown: string): Thread => {
    const lines = new vscode.Range(first, 0, first + Math.max(count - 1, 0), 0);
    const thread = threads.start(target, lines, title, { stop: () => undefined });
    thread.finish(markdown);
    return thread;
  };
  if (result.hunks.length === 0) {
    await running.discard();
    const text = result.applicable ? unchanged(result) : failed(result);
    explain(uri, lineCount(result.range), text);
    return;
  }
  const review = await running.reviewed();
  review.propose({
    hunks: result.hunks,
    accept: (hunks) =>
      connection.running.sendRequest<AcceptResult>(ACCEPT, {
        id: result.id,
        hunks,
      } satisfies AcceptParams),
  });
  const text = explanation(result);
  if (text !== "") {
    review.attach(explain(review.proposed, splitLines(result.code).length, text));
  }
}

function unchanged(result: RewriteResult): string {
  return `${explanation(result)}\n\n*Nothing to change.*`;
}

function failed(result: RewriteResult): string {
  const problems = result.problems.map((problem) => `- ${problem}`).join("\n");
  const fence = "`".repeat(Math.max(3, ...longestTicks(result.code)));
  return [
    "**This rewrite failed its check, so it can only be read, not applied:**",
    problems,
    `${fence}\n${result.code}\n${fence}`,
    explanation(result),
  ].join("\n\n");
}

function longestTicks(code: string): number[] {
  return (code.match(/`+/g) ?? []).map((ticks) => ticks.length + 1);
}

function explanation(result: RewriteResult): string {
  const findings = result.findings.map(finding).join("\n");
  return withSources(
    [findings, result.text].filter((part) => part !== "").join("\n\n"),
    result.citations,
  );
}

function finding({ code, url, message }: Finding): string {
  return url === "" ? `- \`${code}\` ${message}` : `- [${code}](${url}) ${message}`;
}
