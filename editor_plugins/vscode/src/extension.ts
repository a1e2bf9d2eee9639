// Puts the extension together: the connection to the language server, its features, the commands.

import * as vscode from "vscode";
import { explain } from "./beside/explain";
import { Threads } from "./beside/threads";
import { ChatView } from "./chat/view";
import { words } from "./citations";
import { activeEditor } from "./place";
import {
  EXPLAIN_COMMAND,
  type ExplainParams,
  REWRITE_COMMAND,
  type RewriteKind,
  type RewriteParams,
} from "./protocol";
import { insertAtCursor, reviewCode } from "./rewrite/chatCode";
import { Reviews } from "./rewrite/reviews";
import { rewrite } from "./rewrite/rewrite";
import { Connection } from "./server/connection";
import { statusBar, statusMenu } from "./server/statusBar";

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("Glossator", { log: true });
  const threads = new Threads();
  const reviews = new Reviews();
  const connection = new Connection(output, (command, args, next) => {
    switch (command) {
      case REWRITE_COMMAND:
        return rewrite(connection, reviews, threads, args[0] as RewriteParams);
      case EXPLAIN_COMMAND:
        return explain(connection, threads, args[0] as ExplainParams);
      default:
        return next(command, args);
    }
  });
  const chat = new ChatView(connection, context.extensionUri, context.workspaceState, {
    insert: insertAtCursor,
    apply: (code) => reviewCode(reviews, code),
  });
  context.subscriptions.push(output, threads, reviews, connection, chat, statusBar(connection));

  const explainHere = async (question?: string): Promise<void> => {
    const { document, selection } = here();
    const convert = connection.running.code2ProtocolConverter;
    await explain(connection, threads, {
      textDocument: convert.asTextDocumentIdentifier(document),
      range: convert.asRange(selection),
      ...(question ? { question } : {}),
    });
  };
  const rewriteHere = async (kind: RewriteKind): Promise<void> => {
    const { document, selection } = here();
    const convert = connection.running.code2ProtocolConverter;
    await rewrite(connection, reviews, threads, {
      kind,
      textDocument: convert.asVersionedTextDocumentIdentifier(document),
      range: convert.asRange(selection),
    });
  };

  const commands: Record<string, (argument: never) => unknown> = {
    "glossator.openChat": () => chat.open(),
    "glossator.newChat": () => chat.startNew(),
    "glossator.history": () => chat.history(),
    "glossator.stop": () => chat.stop(),
    "glossator.explainHere": () => explainHere(),
    "glossator.askHere": async (given?: string) => {
      const question = given ?? (await vscode.window.showInputBox({ title: "Ask Glossator here" }));
      if (question?.trim()) {
        await explainHere(question);
      }
    },
    "glossator.optimize": () => rewriteHere("optimize"),
    "glossator.document": () => rewriteHere("document"),
    "glossator.rewriteWith": () => rewriteHere("rewrite"),
    "glossator.review.accept": () => reviews.withActive((review, line) => review.acceptAt(line)),
    "glossator.review.acceptAll": () => reviews.withActive((review) => review.acceptAll()),
    "glossator.review.reject": () => reviews.withActive((review, line) => review.rejectAt(line)),
    "glossator.review.rejectAll": () => reviews.withActive((review) => review.close()),
    "glossator.thread.stop": (thread: vscode.CommentThread) => threads.stop(thread),
    "glossator.thread.close": (thread: vscode.CommentThread) => threads.close(thread),
    "glossator.menu": () => statusMenu(connection),
    "glossator.restart": () => connection.restart(),
    "glossator.showLog": () => output.show(),
    "glossator.settings": () =>
      vscode.commands.executeCommand("workbench.action.openSettings", "@ext:glossator.glossator"),
    "glossator.setUp": () =>
      vscode.commands.executeCommand(
        "workbench.action.openWalkthrough",
        "glossator.glossator#glossator.setUp",
      ),
  };
  for (const [name, run] of Object.entries(commands)) {
    context.subscriptions.push(
      vscode.commands.registerCommand(name, async (argument: never) => {
        try {
          await run(argument);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          await vscode.window.showErrorMessage(`Glossator: ${words(reason)}`);
        }
      }),
    );
  }

  await connection.start();
  if (connection.state.state === "missing") {
    void offerHelp(connection.state.reason);
  } else {
    await chat.restoreLast();
  }
}

function here(): vscode.TextEditor {
  const editor = activeEditor();
  if (editor === undefined) {
    throw new Error("open a file first.");
  }
  return editor;
}

async function offerHelp(reason: string): Promise<void> {
  const help = "How to Install It";
  const locate = "Set Its Path";
  const chosen = await vscode.window.showWarningMessage(
    `Glossator: ${words(reason)}`,
    help,
    locate,
  );
  if (chosen === help) {
    await vscode.commands.executeCommand("glossator.setUp");
  } else if (chosen === locate) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "glossator.command");
  }
}
