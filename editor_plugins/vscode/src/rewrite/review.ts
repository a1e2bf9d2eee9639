// One proposal under review: a diff whose hunks the user accepts or rejects, one by one or all. Both
// sides are our own texts, so what the user types in the file meanwhile does not appear in it. When a
// hunk is accepted, `accept` decides whether it still fits the file.

import * as vscode from "vscode";
import type { AcceptResult, Hunk } from "../protocol";
import { applyHunks, hunkAt } from "./hunks";
import type { ReviewTexts } from "./texts";

export interface Proposal {
  hunks: readonly Hunk[];
  /** Applies these hunks, or says why nothing was changed. */
  accept(hunks: number[]): Promise<AcceptResult>;
}

export class Review {
  readonly current: vscode.Uri;
  readonly proposed: vscode.Uri;
  private pending: readonly Hunk[] = [];
  private accepted: readonly Hunk[] = [];
  private proposal: Proposal | undefined;
  private readonly attached: { close(): void }[] = [];

  constructor(
    private readonly texts: ReviewTexts,
    private readonly title: string,
    document: vscode.Uri,
    private readonly base: string,
  ) {
    this.current = texts.add(document, "current", base);
    this.proposed = texts.add(document, "proposed", base);
  }

  /** Opens the diff, which may still grow. */
  async open(): Promise<void> {
    await vscode.commands.executeCommand("vscode.diff", this.current, this.proposed, this.title, {
      preview: false,
    } satisfies vscode.TextDocumentShowOptions);
  }

  grow(text: string): void {
    this.texts.set(this.proposed, text);
  }

  propose(proposal: Proposal): void {
    this.proposal = proposal;
    this.pending = proposal.hunks;
    this.draw();
  }

  /** The hunk at the cursor, or the nearest one. */
  async acceptAt(line: number): Promise<void> {
    const hunk = hunkAt(line, this.pending, this.accepted);
    if (hunk !== undefined) {
      await this.accept([hunk]);
    }
  }

  async acceptAll(): Promise<void> {
    await this.accept(this.pending);
  }

  async rejectAt(line: number): Promise<void> {
    const hunk = hunkAt(line, this.pending, this.accepted);
    if (hunk !== undefined) {
      this.pending = this.pending.filter((other) => other !== hunk);
      await this.drawOrClose();
    }
  }

  async close(): Promise<void> {
    for (const group of vscode.window.tabGroups.all) {
      const tabs = group.tabs.filter(
        ({ input }) =>
          input instanceof vscode.TabInputTextDiff &&
          input.modified.toString() === this.proposed.toString(),
      );
      await vscode.window.tabGroups.close(tabs);
    }
  }

  /** Closes `part` together with the diff. */
  attach(part: { close(): void }): void {
    this.attached.push(part);
  }

  dispose(): void {
    for (const part of this.attached) {
      part.close();
    }
    this.texts.remove(this.current);
    this.texts.remove(this.proposed);
  }

  private async accept(hunks: readonly Hunk[]): Promise<void> {
    if (this.proposal === undefined || hunks.length === 0) {
      return; // still arriving
    }
    const result = await this.proposal.accept(hunks.map(({ id }) => id));
    this.accepted = this.proposal.hunks.filter(({ id }) => result.accepted.includes(id));
    this.pending = this.pending.filter(({ id }) => !result.accepted.includes(id));
    if (!result.applied) {
      void vscode.window.showWarningMessage(`Glossator changed nothing: ${result.reason}`);
    }
    await this.drawOrClose();
  }

  private async drawOrClose(): Promise<void> {
    if (this.pending.length === 0) {
      await this.close();
    } else {
      this.draw();
    }
  }

  private draw(): void {
    this.texts.set(this.current, applyHunks(this.base, this.accepted));
    this.texts.set(this.proposed, applyHunks(this.base, [...this.accepted, ...this.pending]));
  }
}
