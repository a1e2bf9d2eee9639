// The reviews that are open. A command means the review of the active diff.

import * as vscode from "vscode";
import { Review } from "./review";
import { ReviewTexts, SCHEME } from "./texts";

export class Reviews implements vscode.Disposable {
  private readonly texts = new ReviewTexts();
  private readonly open = new Map<string, Review>();
  private readonly closing = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
    for (const { input } of closed) {
      if (input instanceof vscode.TabInputTextDiff && input.modified.scheme === SCHEME) {
        this.forget(input.modified);
      }
    }
  });

  start(title: string, document: vscode.Uri, base: string): Review {
    const review = new Review(this.texts, title, document, base);
    this.open.set(review.proposed.toString(), review);
    return review;
  }

  /** Does nothing if the active editor is not a review. */
  async withActive(act: (review: Review, line: number) => Promise<void>): Promise<void> {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    if (!(input instanceof vscode.TabInputTextDiff)) {
      return;
    }
    const review = this.open.get(input.modified.toString());
    if (review !== undefined) {
      await act(review, vscode.window.activeTextEditor?.selection.active.line ?? 0);
    }
  }

  dispose(): void {
    this.closing.dispose();
    this.texts.dispose();
  }

  private forget(proposed: vscode.Uri): void {
    this.open.get(proposed.toString())?.dispose();
    this.open.delete(proposed.toString());
  }
}
