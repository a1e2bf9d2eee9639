// Where the user is: the document and selection of the last active editor. They go with a question.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { ChatContext, ChatParams } from "./protocol";

/** The schemes of the documents that the language server sees. */
const SEEN = new Set(["file", "untitled"]);

export function activeEditor(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor !== undefined && SEEN.has(editor.document.uri.scheme) ? editor : undefined;
}

export function placeOf(
  client: LanguageClient,
  editor: vscode.TextEditor | undefined,
): Pick<ChatParams, "textDocument" | "cursorState"> {
  if (editor === undefined) {
    return {};
  }
  const { code2ProtocolConverter: convert } = client;
  return {
    textDocument: convert.asTextDocumentIdentifier(editor.document),
    cursorState: [
      editor.selection.isEmpty
        ? { position: convert.asPosition(editor.selection.active) }
        : { range: convert.asRange(editor.selection) },
    ],
  };
}

/** What only the editor knows, if the prompt asks for it. */
export async function contextFor(
  client: LanguageClient,
  editor: vscode.TextEditor | undefined,
  prompt: string,
): Promise<ChatContext> {
  if (editor === undefined || !prompt.includes("@diagnostics")) {
    return {};
  }
  const diagnostics = vscode.languages.getDiagnostics(editor.document.uri);
  return {
    diagnostics: await client.code2ProtocolConverter.asDiagnostics([...diagnostics]),
  };
}

/** Says to the user what would go along with a question now. */
export function placeLabel(editor: vscode.TextEditor | undefined): string {
  if (editor === undefined) {
    return "";
  }
  const name = vscode.workspace.asRelativePath(editor.document.uri);
  const { selection } = editor;
  if (selection.isEmpty) {
    return `With ${name}, line ${selection.active.line + 1}`;
  }
  return `With ${name}, lines ${selection.start.line + 1}–${selection.end.line + 1}`;
}
