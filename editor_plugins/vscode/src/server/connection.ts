// The life of the language server: it is found, started, told of new settings, and restarted. Keeps
// what the server last said about the backend.

import * as fs from "node:fs";
import * as os from "node:os";
import * as vscode from "vscode";
import {
  CancellationTokenSource,
  DidChangeConfigurationNotification,
  type ExecuteCommandSignature,
  LanguageClient,
  ProgressType,
} from "vscode-languageclient/node";
import { type Progress, STATUS, type Status, type Streamed } from "../protocol";
import { findServer } from "./locate";
import { readSettings } from "./options";

/** The state of the server. While it runs, that is the state of the backend as the server sees it. */
export type State = Status | { state: "missing"; url: string; reason: string };

const NOT_FOUND = "The command `glossator` is not installed, or not where it was looked for.";
const progressType = new ProgressType<Progress>();

export class Connection implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private tokens = 0;
  private readonly changed = new vscode.EventEmitter<State>();
  private readonly watching: vscode.Disposable;
  private readonly granting: vscode.Disposable;

  readonly onDidChangeState = this.changed.event;
  state: State = { state: "connecting", url: "", reason: "" };

  constructor(
    private readonly output: vscode.LogOutputChannel,
    private readonly executeCommand: (
      command: string,
      args: unknown[],
      next: ExecuteCommandSignature,
    ) => unknown,
  ) {
    this.watching = vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (
        event.affectsConfiguration("glossator.command") ||
        event.affectsConfiguration("glossator.url")
      ) {
        await this.restart();
      } else if (event.affectsConfiguration("glossator")) {
        await this.sendOptions();
      }
    });
    this.granting = vscode.workspace.onDidGrantWorkspaceTrust(async () => {
      // From now on the settings of the workspace apply, and a server inside it may be used.
      await (this.isRunning ? this.sendOptions() : this.restart());
    });
  }

  get isRunning(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** The running client. If there is none, throws an error whose message is for the user. */
  get running(): LanguageClient {
    if (this.client?.isRunning()) {
      return this.client;
    }
    throw new Error(this.state.reason || "Glossator's language server is starting.");
  }

  async start(): Promise<void> {
    const { command: configured, url, options } = readSettings();
    const command = findServer(configured, machine(), isExecutable);
    if (command?.[0] === undefined) {
      this.become({ state: "missing", url, reason: NOT_FOUND });
      return;
    }
    this.output.info(`starting ${command.join(" ")} --url ${url}`);
    const client = new LanguageClient(
      "glossator",
      "Glossator",
      {
        command: command[0],
        args: [...command.slice(1), "--url", url],
        // Not in the workspace: a program looks for files around it, and could find some from there.
        options: { cwd: os.homedir() },
      },
      {
        documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
        outputChannel: this.output,
        initializationOptions: options,
        middleware: { executeCommand: this.executeCommand },
      },
    );
    this.client = client;
    client.onNotification(STATUS, (status: Status) => this.become(status));
    try {
      await client.start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.become({
        state: "missing",
        url,
        reason: `The language server (${command.join(" ")}) does not start: ${reason}`,
      });
    }
  }

  async restart(): Promise<void> {
    await this.endClient();
    this.become({ state: "connecting", url: readSettings().url, reason: "" });
    await this.start();
  }

  /** A request whose partial results go to `onProgress`; aborting `signal` cancels it. */
  async stream<Params extends object, Result>(
    method: string,
    params: Params & Streamed,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    const client = this.running;
    this.tokens += 1;
    const token = `glossator-${this.tokens}`;
    const cancellation = new CancellationTokenSource();
    const abort = (): void => cancellation.cancel();
    signal.addEventListener("abort", abort);
    const listening = client.onProgress(progressType, token, onProgress);
    try {
      return await client.sendRequest<Result>(
        method,
        { ...params, partialResultToken: token },
        cancellation.token,
      );
    } finally {
      signal.removeEventListener("abort", abort);
      listening.dispose();
      cancellation.dispose();
    }
  }

  async dispose(): Promise<void> {
    this.watching.dispose();
    this.granting.dispose();
    this.changed.dispose();
    await this.endClient();
  }

  private async sendOptions(): Promise<void> {
    await this.client?.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { glossator: readSettings().options },
    });
  }

  private async endClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose().catch(() => undefined); // it may have died already
  }

  private become(state: State): void {
    this.state = state;
    this.changed.fire(state);
  }
}

function machine(): Parameters<typeof findServer>[1] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return {
    platform: process.platform,
    home: os.homedir(),
    env: process.env,
    trusted: vscode.workspace.isTrusted,
    folders: folders.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath),
  };
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
