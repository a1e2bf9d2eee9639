// Shows the conversations that the language server keeps, in the editor's own picker. Each one has a
// button that deletes it.

import * as vscode from "vscode";
import { type ConversationSummary, DELETE_CONVERSATION, LIST_CONVERSATIONS } from "../protocol";
import type { Connection } from "../server/connection";

interface Entry extends vscode.QuickPickItem {
  tabId: string;
}

const REMOVE = { iconPath: new vscode.ThemeIcon("trash"), tooltip: "Delete" };

export async function pickConversation(
  connection: Connection,
  events: { chosen(tabId: string): Promise<void>; deleted(tabId: string): void },
): Promise<void> {
  const pick = vscode.window.createQuickPick<Entry>();
  pick.title = "Glossator: conversations";
  pick.placeholder = "Open a conversation";
  const list = async (): Promise<void> => {
    const summaries = await connection.running.sendRequest<ConversationSummary[]>(
      LIST_CONVERSATIONS,
      {},
    );
    pick.items = summaries.map(entry);
  };
  pick.onDidTriggerItemButton(async ({ item }) => {
    await connection.running.sendRequest(DELETE_CONVERSATION, { tabId: item.tabId });
    events.deleted(item.tabId);
    await list();
  });
  pick.onDidAccept(async () => {
    const chosen = pick.selectedItems[0];
    pick.hide();
    if (chosen !== undefined) {
      await events.chosen(chosen.tabId);
    }
  });
  pick.onDidHide(() => pick.dispose());
  await list();
  pick.show();
}

function entry({ tabId, title, updatedAt, turns }: ConversationSummary): Entry {
  return {
    tabId,
    label: title,
    description: new Date(updatedAt * 1000).toLocaleString(),
    detail: `${turns} messages`,
    buttons: [REMOVE],
  };
}
