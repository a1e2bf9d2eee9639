// "Explain" and "Ask at the cursor": an answer that streams into a thread beside the code.

import * as vscode from "vscode";
import { plain, withSources } from "../citations";
import { contextFor } from "../place";
import { type ChatResult, EXPLAIN, type ExplainParams, type Progress } from "../protocol";
import type { Connection } from "../server/connection";
import type { Threads } from "./threads";

/** Without a question, it explains the code in `range`. An empty range is a cursor. */
export async function explain(
  connection: Connection,
  threads: Threads,
  params: Pick<ExplainParams, "textDocument" | "range" | "question">,
): Promise<void> {
  const client = connection.running;
  const uri = client.protocol2CodeConverter.asUri(params.textDocument.uri);
  const range = client.protocol2CodeConverter.asRange(params.range);
  const editor = vscode.window.activeTextEditor;
  const context = await contextFor(client, editor, params.question ?? "");
  const abort = new AbortController();
  const thread = threads.start(uri, lastLine(range), params.question || "Explain", {
    stop: () => abort.abort(),
  });
  thread.show("*Searching…*");

  let text = "";
  const notices: string[] = [];
  const onProgress = (progress: Progress): void => {
    if (progress.kind === "delta") {
      text += progress.text;
      thread.show(text);
    } else if (progress.kind === "notice") {
      notices.push(`*${plain(progress.message)}*`);
    }
  };
  try {
    const result = await connection.stream<ExplainParams, ChatResult>(
      EXPLAIN,
      { ...params, context },
      onProgress,
      abort.signal,
    );
    thread.finish([...notices, withSources(result.text, result.citations)].join("\n\n"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    thread.finish([text, `**${abort.signal.aborted ? "Stopped." : plain(reason)}**`].join("\n\n"));
  }
}

/** A thread appears under the last line of its range, which an end at column 0 does not include. */
function lastLine(range: vscode.Range): vscode.Range {
  const line =
    range.end.character === 0 && range.end.line > range.start.line
      ? range.end.line - 1
      : range.end.line;
  return new vscode.Range(range.start.line, 0, line, 0);
}
