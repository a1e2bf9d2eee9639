// The two sides of each review as read-only documents.

import * as vscode from "vscode";

export const SCHEME = "glossator-review";

export class ReviewTexts implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private count = 0;

  readonly onDidChange = this.changed.event; // before the registration, which reads it
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(
    SCHEME,
    this,
  );

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** The path keeps the name of the document, from which the editor infers the language. */
  add(document: vscode.Uri, side: string, text: string): vscode.Uri {
    this.count += 1;
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: document.path,
      query: `${side}-${this.count}`,
    });
    this.texts.set(uri.toString(), text);
    return uri;
  }

  set(uri: vscode.Uri, text: string): void {
    if (this.texts.get(uri.toString()) !== text) {
      this.texts.set(uri.toString(), text);
      this.changed.fire(uri);
    }
  }

  remove(uri: vscode.Uri): void {
    this.texts.delete(uri.toString());
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
