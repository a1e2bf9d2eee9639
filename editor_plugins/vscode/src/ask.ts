// The command "Glossator: Ask": one question, one streamed answer, stopped when nobody reads it.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Answers } from "./answers";
import { type ChatParams, type ChatResult, type Citation, chatProgress, chatRequest } from "./protocol";

export async function ask(client: LanguageClient, answers: Answers, given?: unknown): Promise<void> {
  // Read before anything is awaited: the cursor may be elsewhere afterwards.
  const editor = vscode.window.activeTextEditor;
  const place = editor === undefined ? {} : placeOf(client, editor);
  const question =
    typeof given === "string" ? given : await vscode.window.showInputBox({ prompt: "Ask Glossator" });
  if (!question?.trim()) {
    return;
  }

  const uri = await answers.open(question);
  const token = uri.toString();
  const params: ChatParams = { tabId: token, prompt: question, partialResultToken: token, ...place };
  const notices: string[] = [];
  const cancellation = new vscode.CancellationTokenSource();
  const listeners = [
    answers.onClosed(uri, () => cancellation.cancel()),
    client.onProgress(chatProgress, token, (progress) => {
      if (progress.kind === "delta") {
        answers.append(uri, progress.text);
      } else if (progress.kind === "notice") {
        notices.push(progress.message);
      } else if (progress.kind === "citations" && progress.late) {
        notices.push("The search took too long; this answer has no sources.");
      }
    }),
    cancellation,
  ];
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Glossator", cancellable: true },
      async (_, stop) => {
        stop.onCancellationRequested(() => cancellation.cancel());
        const result = await client.sendRequest(chatRequest, params, cancellation.token);
        answers.append(uri, conclusion(result, notices));
      },
    );
  } catch (error) {
    const reason = cancellation.token.isCancellationRequested ? "cancelled" : messageOf(error);
    answers.append(uri, `\n\n*${reason}*\n`);
  } finally {
    for (const listener of listeners) {
      listener.dispose();
    }
  }
}

function placeOf(
  client: LanguageClient,
  editor: vscode.TextEditor,
): Pick<ChatParams, "textDocument" | "cursorState"> {
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

function conclusion(result: ChatResult, notices: readonly string[]): string {
  const lines = [...notices];
  if (result.finishReason === "length") {
    lines.unshift("*The answer reached its greatest length.*");
  }
  if (result.citations.length > 0) {
    lines.push("", "**Sources**", "", ...result.citations.map(source));
  }
  return lines.length > 0 ? `\n\n${lines.join("\n")}\n` : "\n";
}

function source(citation: Citation): string {
  const line = citation.line === null ? "" : `#L${citation.line + 1}`;
  return `${citation.number}. [${citation.title}](${citation.uri}${line})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
