// Opens what an answer refers to: the source at its line, or the page in the browser.

import * as vscode from "vscode";
import { address } from "./citations";
import type { Citation } from "./protocol";

export async function openCitation(citation: Citation): Promise<void> {
  await openLink(address(citation));
}

/** Opens files of this machine and pages on the web. An answer may link to nothing else. */
export async function openLink(address: string): Promise<void> {
  const uri = vscode.Uri.parse(address, true);
  if (uri.scheme === "file" && uri.authority !== "") {
    // To open it would ask that host for the file, and tell the host who the user is.
    await vscode.window.showWarningMessage(`Glossator does not open files of ${uri.authority}.`);
  } else if (uri.scheme === "file") {
    const line = Number(/^L(\d+)/.exec(uri.fragment)?.[1] ?? "1") - 1;
    try {
      await vscode.window.showTextDocument(uri.with({ fragment: "" }), {
        selection: new vscode.Range(line, 0, line, 0),
        viewColumn: codeColumn(),
      });
    } catch {
      await vscode.window.showWarningMessage(
        `${uri.fsPath} is not on this machine: it was indexed elsewhere, or it is gone.`,
      );
    }
  } else if (uri.scheme === "http" || uri.scheme === "https") {
    await vscode.env.openExternal(uri);
  }
}

/** The editor column that has the code, so that a source does not open over something else. */
function codeColumn(): vscode.ViewColumn {
  return vscode.window.activeTextEditor?.viewColumn ?? vscode.ViewColumn.One;
}
