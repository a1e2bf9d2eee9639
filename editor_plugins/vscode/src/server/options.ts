// The settings, as the language server and this extension want them.

import * as vscode from "vscode";
import type { Options } from "../protocol";

export interface Settings {
  command: string[];
  url: string;
  options: Options;
}

export function readSettings(): Settings {
  const settings = vscode.workspace.getConfiguration("glossator");
  return {
    command: settings.get<string[]>("command", []),
    url: settings.get("url", "http://127.0.0.1:8765"),
    options: {
      sources: settings.get<string[] | null>("sources", null),
      hoverBudgetMs: settings.get("hoverBudgetMs", 300),
      inlineCompletion: settings.get("inlineCompletion", true),
      contextTokens: settings.get("contextTokens", 3000),
      ruff: settings.get("ruff", ""),
      historyFolder: settings.get("historyFolder", ""),
      documentCharacters: settings.get("documentCharacters", 2_000_000),
      previews: true,
      // This is not a setting, because a workspace may bring its own settings.
      trusted: vscode.workspace.isTrusted,
    },
  };
}
