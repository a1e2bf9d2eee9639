// The status bar's item, and the menu behind it.

import * as vscode from "vscode";
import type { Connection, State } from "./connection";

const ICONS: Record<State["state"], string> = {
  connecting: "sync~spin",
  ready: "comment-discussion",
  degraded: "warning",
  offline: "debug-disconnect",
  missing: "error",
};

const WORDS: Record<State["state"], string> = {
  connecting: "connecting",
  ready: "ready",
  degraded: "ready, with limits",
  offline: "offline",
  missing: "the language server does not run",
};

export function statusBar(connection: Connection): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("glossator", vscode.StatusBarAlignment.Right);
  item.name = "Glossator";
  item.command = "glossator.menu";
  const show = (state: State): void => {
    const problem = state.state === "offline" || state.state === "missing";
    item.text = `$(${ICONS[state.state]}) Glossator`;
    item.tooltip = [`Glossator: ${WORDS[state.state]}`, state.url, ...reasons(state)].join("\n");
    item.backgroundColor = problem
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    item.accessibilityInformation = {
      label: `Glossator: ${[WORDS[state.state], ...reasons(state)].join(". ")}`,
    };
    item.show();
  };
  show(connection.state);
  return vscode.Disposable.from(item, connection.onDidChangeState(show));
}

/** Says what is going on, and offers what the user can do about it. */
export async function statusMenu(connection: Connection): Promise<void> {
  const state = connection.state;
  const chosen = await vscode.window.showQuickPick(
    [
      { label: "$(comment-discussion) Open chat", command: "glossator.openChat" },
      { label: "$(debug-restart) Restart the language server", command: "glossator.restart" },
      { label: "$(output) Show the log", command: "glossator.showLog" },
      { label: "$(gear) Settings", command: "glossator.settings" },
      { label: "$(book) How to set it up", command: "glossator.setUp" },
    ],
    { title: `Glossator: ${WORDS[state.state]}`, placeHolder: reasons(state).join(" ") },
  );
  if (chosen !== undefined) {
    await vscode.commands.executeCommand(chosen.command);
  }
}

function reasons(state: State): string[] {
  const completion = "inlineCompletionReason" in state ? state.inlineCompletionReason : undefined;
  return [state.reason, completion ?? ""].filter((reason) => reason !== "");
}
