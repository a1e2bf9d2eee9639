// Answers as read-only Markdown documents that grow while they stream.

import * as vscode from "vscode";

const SCHEME = "glossator";

export class Answers implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private count = 0;

  // Before the registration, which reads it.
  readonly onDidChange = this.changed.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** Opens beside the code, which keeps the focus. */
  async open(question: string): Promise<vscode.Uri> {
    this.count += 1;
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/Answer ${this.count}.md` });
    this.texts.set(uri.toString(), `> ${question.replaceAll("\n", "\n> ")}\n\n`);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: false,
    });
    return uri;
  }

  append(uri: vscode.Uri, text: string): void {
    const before = this.texts.get(uri.toString());
    if (before !== undefined) {
      this.texts.set(uri.toString(), before + text);
      this.changed.fire(uri);
    }
  }

  /** Calls back once, when the answer's last tab is closed. */
  onClosed(uri: vscode.Uri, callback: () => void): vscode.Disposable {
    return vscode.window.tabGroups.onDidChangeTabs((event) => {
      const closed = event.closed.some(
        (tab) =>
          tab.input instanceof vscode.TabInputText && tab.input.uri.toString() === uri.toString(),
      );
      if (closed) {
        this.texts.delete(uri.toString());
        callback();
      }
    });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
