// The chat's view: the page in the side bar, which gets its contents from `Conversations`. VS Code may
// throw the page away while it is hidden. A new page says `ready` and gets the transcript again.

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { words } from "../citations";
import { openCitation, openLink } from "../links";
import { activeEditor, contextFor, placeLabel, placeOf } from "../place";
import {
  CHAT,
  type ChatParams,
  type ChatResult,
  type Conversation,
  GET_CONVERSATION,
  MENTIONS,
  type Mention,
  PREPARE,
} from "../protocol";
import type { Connection } from "../server/connection";
import { Conversations } from "./conversations";
import { pickConversation } from "./history";
import type { FromWebview, ToWebview } from "./messages";
import { page } from "./page";
import { restored } from "./transcript";

export const VIEW = "glossator.chat";
const LAST_TAB = "glossator.lastTab";
const SETTLED_MS = 400;

/** What the buttons under a code block do with the code. */
export interface CodeActions {
  insert(code: string): Promise<void>;
  apply(code: string): Promise<void>;
}

export class ChatView implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly conversations: Conversations;
  private readonly subscriptions: vscode.Disposable[] = [];
  private view: vscode.WebviewView | undefined;
  private settling: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly extension: vscode.Uri,
    private readonly memory: vscode.Memento,
    private readonly code: CodeActions,
  ) {
    this.conversations = new Conversations(
      (tabId, prompt, onProgress, signal) => this.request(tabId, prompt, onProgress, signal),
      (tabId, event) => this.post({ type: "event", tabId, event }),
    );
    this.subscriptions.push(
      vscode.window.registerWebviewViewProvider(VIEW, this),
      connection.onDidChangeState((state) => this.connectionChanged(state)),
      vscode.window.onDidChangeActiveTextEditor(() => this.moved()),
      vscode.window.onDidChangeTextEditorSelection(() => this.moved()),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    const dist = vscode.Uri.joinPath(this.extension, "dist");
    view.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    view.webview.onDidReceiveMessage((message: FromWebview) =>
      this.received(message).catch((error: Error) =>
        vscode.window.showErrorMessage(`Glossator: ${words(error.message)}`),
      ),
    );
    view.onDidDispose(() => {
      this.view = undefined;
    });
    const url = (file: string): string =>
      view.webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
    view.webview.html = page(
      { script: url("chat.js"), style: url("style.css"), source: view.webview.cspSource },
      randomBytes(16).toString("hex"),
    );
  }

  /** Puts the keyboard into the prompt. A page that is still loading does so by itself. */
  async open(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    this.post({ type: "focus" });
  }

  async startNew(): Promise<void> {
    this.conversations.start();
    this.showCurrent();
    await this.open();
  }

  stop(): void {
    this.conversations.stop();
  }

  /** Shows the conversation that was open when the window was closed, unless a new one has begun. */
  async restoreLast(): Promise<void> {
    const tabId = this.memory.get<string>(LAST_TAB);
    if (tabId !== undefined && this.conversations.current.messages.length === 0) {
      await this.restore(tabId);
    }
  }

  /** Lists the conversations on disk, so that the user can open one or delete some. */
  history(): Promise<void> {
    return pickConversation(this.connection, {
      chosen: async (tabId) => {
        await this.restore(tabId);
        await this.open();
      },
      deleted: (tabId) => {
        const shown = this.conversations.current.tabId;
        this.conversations.forget(tabId);
        if (shown === tabId) {
          this.showCurrent();
        }
      },
    });
  }

  dispose(): void {
    clearTimeout(this.settling);
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private async request(
    tabId: string,
    prompt: string,
    onProgress: Parameters<Connection["stream"]>[2],
    signal: AbortSignal,
  ): Promise<ChatResult> {
    const editor = activeEditor(); // before anything is awaited: the cursor may be elsewhere later
    const client = this.connection.running;
    const place = placeOf(client, editor);
    const params: ChatParams = { tabId, prompt, ...place };
    if (prompt.includes("@diagnostics")) {
      params.context = await contextFor(client, editor, prompt);
    }
    const answer = this.connection.stream<ChatParams, ChatResult>(CHAT, params, onProgress, signal);
    this.remember(tabId);
    return await answer;
  }

  private async received(message: FromWebview): Promise<void> {
    switch (message.type) {
      case "ready":
        this.connectionChanged(this.connection.state);
        this.post({ type: "place", label: placeLabel(activeEditor()) });
        return this.showCurrent();
      case "ask":
        return await this.conversations.ask(message.prompt);
      case "stop":
        return this.conversations.stop();
      case "prepare":
        return this.prepare(message.prompt);
      case "complete":
        return await this.complete(message.prefix);
      case "citation": {
        const answer = this.conversations.current.messages[message.message];
        const citations = answer?.role === "assistant" ? answer.citations : [];
        const citation = citations.find(({ number }) => number === message.number);
        return citation === undefined ? undefined : await openCitation(citation);
      }
      case "link":
        return await openLink(message.href);
      case "copy":
        return await vscode.env.clipboard.writeText(message.code);
      case "insert":
        return await this.code.insert(message.code);
      case "apply":
        return await this.code.apply(message.code);
    }
  }

  private async complete(prefix: string): Promise<void> {
    if (!this.connection.isRunning) {
      return;
    }
    const { textDocument } = placeOf(this.connection.running, activeEditor());
    const params = textDocument === undefined ? { prefix } : { prefix, textDocument };
    const mentions = await this.connection.running.sendRequest<Mention[]>(MENTIONS, params);
    this.post({ type: "mentions", prefix, mentions });
  }

  private prepare(prompt: string): void {
    if (this.connection.isRunning) {
      const client = this.connection.running;
      const { tabId } = this.conversations.current;
      const place = placeOf(client, activeEditor());
      void client.sendNotification(PREPARE, { tabId, prompt, ...place });
    }
  }

  private moved(): void {
    this.post({ type: "place", label: placeLabel(activeEditor()) });
    clearTimeout(this.settling);
    const editor = activeEditor();
    if (editor !== undefined && !editor.selection.isEmpty) {
      this.settling = setTimeout(() => this.prepare(""), SETTLED_MS);
    }
  }

  private connectionChanged(state: Connection["state"]): void {
    const status = state.state === "missing" ? { ...state, state: "offline" as const } : state;
    this.post({ type: "status", status });
  }

  private showCurrent(): void {
    this.post({ type: "transcript", transcript: this.conversations.current });
  }

  private async restore(tabId: string): Promise<void> {
    if (!this.conversations.show(tabId)) {
      const stored = await this.connection.running.sendRequest<Conversation>(GET_CONVERSATION, {
        tabId,
      });
      this.conversations.open(restored(stored));
    }
    this.remember(tabId);
    this.showCurrent();
  }

  /** Remembers the conversation to show when this window is opened again. */
  private remember(tabId: string): void {
    if (this.memory.get(LAST_TAB) !== tabId) {
      void this.memory.update(LAST_TAB, tabId);
    }
  }

  private post(message: ToWebview): void {
    void this.view?.webview.postMessage(message);
  }
}
