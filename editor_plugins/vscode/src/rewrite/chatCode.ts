// Puts a code block of the chat into the document: at the cursor, or as a diff that replaces the
// selection.

import * as vscode from "vscode";
import { activeEditor } from "../place";
import type { AcceptResult, Hunk } from "../protocol";
import { applyHunks, hunksBetween } from "./hunks";
import { refuseRedacted } from "./redactions";
import type { Reviews } from "./reviews";

export async function insertAtCursor(code: string): Promise<void> {
  const editor = wanted();
  refuseRedacted(code, editor.document.getText());
  const done = await editor.edit((edit) => edit.replace(editor.selection, code));
  if (!done) {
    throw new Error("the document does not take the code; it may be read-only.");
  }
  await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

/** The selected lines and the code. Without a selection, the code goes before the cursor's line. */
export async function reviewCode(reviews: Reviews, code: string): Promise<void> {
  const { document, selection } = wanted();
  const base = document.getText();
  refuseRedacted(code, base);
  const first = selection.start.line;
  const ends = selection.isEmpty || (selection.end.character === 0 && selection.end.line > first);
  const end = new vscode.Position(selection.end.line + (ends ? 0 : 1), 0);
  const selected = document.getText(new vscode.Range(new vscode.Position(first, 0), end));
  const hunks = hunksBetween(selected, code.endsWith("\n") ? code : `${code}\n`, first);
  if (hunks.length === 0) {
    void vscode.window.showInformationMessage("The selection is this code already.");
    return;
  }
  const name = vscode.workspace.asRelativePath(document.uri);
  const review = reviews.start(`Apply: ${name}`, document.uri, base);
  const accepted = new Set<number>();
  review.propose({ hunks, accept: (ids) => accept(document, base, hunks, accepted, ids) });
  await review.open();
}

/** Applies all or nothing, and only if the document is as it was when the diff was made. */
async function accept(
  document: vscode.TextDocument,
  base: string,
  hunks: readonly Hunk[],
  accepted: Set<number>,
  ids: readonly number[],
): Promise<AcceptResult> {
  const with_ = (chosen: ReadonlySet<number>): string =>
    applyHunks(
      base,
      hunks.filter(({ id }) => chosen.has(id)),
    );
  const refused = (reason: string): AcceptResult => ({
    applied: false,
    accepted: [...accepted],
    reason,
  });
  const before = with_(accepted);
  if (document.isClosed || normal(document.getText()) !== normal(before)) {
    return refused("the document has changed since. Apply the code again.");
  }
  const after = with_(new Set([...accepted, ...ids]));
  const edit = new vscode.WorkspaceEdit();
  const last = document.lineAt(document.lineCount - 1).range.end;
  edit.replace(document.uri, new vscode.Range(new vscode.Position(0, 0), last), after);
  if (!(await vscode.workspace.applyEdit(edit))) {
    return refused("the document does not take the change; it may be read-only.");
  }
  for (const id of ids) {
    accepted.add(id);
  }
  return { applied: true, accepted: [...accepted], reason: "" };
}

/** The editor writes the line ends that the document has, so they are left to it. */
function normal(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

function wanted(): vscode.TextEditor {
  const editor = activeEditor();
  if (editor === undefined) {
    throw new Error("open the file that the code is for first.");
  }
  return editor;
}
