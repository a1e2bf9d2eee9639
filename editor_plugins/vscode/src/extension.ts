// Starts the language server and attaches the commands. What an answer is, the server knows.

import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/node";
import { Answers } from "./answers";
import { ask } from "./ask";
import { type Status, statusNotification } from "./protocol";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const answers = new Answers();
  const output = vscode.window.createOutputChannel("Glossator", { log: true });
  const item = vscode.window.createStatusBarItem("glossator", vscode.StatusBarAlignment.Right);
  item.name = "Glossator";
  context.subscriptions.push(answers, output, item);

  const start = async (): Promise<void> => {
    client = createClient(output);
    client.onNotification(statusNotification, (status) => show(item, status));
    try {
      await client.start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      show(item, { state: "offline", url: "", reason });
      await vscode.window.showErrorMessage(
        `Glossator's language server does not start: ${reason}. ` +
          "Install it (pip install glossator) or set glossator.command.",
      );
    }
  };

  context.subscriptions.push(
    vscode.commands.registerCommand("glossator.ask", async (question?: unknown) => {
      if (client?.isRunning()) {
        await ask(client, answers, question);
      } else {
        await vscode.window.showErrorMessage("Glossator's language server is not running.");
      }
    }),
    vscode.commands.registerCommand("glossator.restart", async () => {
      await client?.dispose();
      await start();
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
}

function createClient(output: vscode.LogOutputChannel): LanguageClient {
  const settings = vscode.workspace.getConfiguration("glossator");
  const [command, ...args] = settings.get<string[]>("command", ["glossator", "lsp"]);
  const url = settings.get("url", "ws://127.0.0.1:8765");
  return new LanguageClient(
    "glossator",
    "Glossator",
    { command: command ?? "glossator", args: [...args, "--url", url] },
    {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      outputChannel: output,
    },
  );
}

function show(item: vscode.StatusBarItem, status: Status): void {
  const icon = { connecting: "sync~spin", ready: "comment-discussion", degraded: "warning", offline: "debug-disconnect" };
  item.text = `$(${icon[status.state]}) Glossator`;
  item.tooltip = status.reason || `${status.state}: ${status.url}`;
  item.show();
}
