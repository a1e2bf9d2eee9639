// The real `glossator lsp` over stdio, spoken to by the layer that vscode-languageclient stands on:
// vscode-languageserver-protocol and vscode-jsonrpc. The client's own module cannot be loaded
// without an editor (it imports `vscode`); the tests in the workbench drive that one.
// tests/e2e/vscode/test_client.py starts this with a scripted backend.

import { type ChildProcess, spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CancellationTokenSource,
  type CodeAction,
  CodeActionRequest,
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  LSPErrorCodes,
  ProgressType,
  type ProtocolConnection,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import {
  CHAT,
  type ChatParams,
  type ChatResult,
  type Progress,
  REWRITE_COMMAND,
  STATUS,
  type Status,
} from "../../src/protocol";

const command: string[] = JSON.parse(process.env["GLOSSATOR_COMMAND"] ?? "[]");
const uri = "file:///project/signal.py";
const progressType = new ProgressType<Progress>();

let server: ChildProcess;
let connection: ProtocolConnection;
let initialized: InitializeResult;
const statuses: Status[] = [];

beforeAll(async () => {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  server = child;
  connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  connection.onNotification(STATUS, (status: Status) => {
    statuses.push(status);
  });
  connection.listen();
  initialized = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    initializationOptions: { previews: true },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "python", version: 1, text: "x = [1]\n" },
  });
}, 30_000);

afterAll(async () => {
  await connection.sendRequest(ShutdownRequest.type);
  await connection.sendNotification(ExitNotification.type);
  await new Promise((ended) => server.once("exit", ended));
  expect(server.exitCode).toBe(0);
});

/** Asks, and collects what streams under the request's token. */
function chat(prompt: string, onProgress: (progress: Progress) => void = () => {}) {
  const cancellation = new CancellationTokenSource();
  const token = `test-${prompt}`;
  const progress: Progress[] = [];
  connection.onProgress(progressType, token, (value) => {
    progress.push(value);
    onProgress(value);
  });
  const params: ChatParams = { tabId: prompt, prompt, partialResultToken: token };
  const result = connection.sendRequest<ChatResult>(CHAT, params, cancellation.token);
  return { result, progress, cancel: () => cancellation.cancel() };
}

test("the server says what it can do, and which edits it wants", () => {
  const { capabilities, serverInfo } = initialized;
  expect(serverInfo?.name).toBe("glossator");
  expect(capabilities.hoverProvider).toBeTruthy();
  expect(capabilities.inlineCompletionProvider).toBeTruthy();
  expect(capabilities.textDocumentSync).toMatchObject({ openClose: true, change: 2 });
});

test("an answer streams under its token, and comes once more, whole", async () => {
  const { result, progress } = chat("how?");
  const { text, citations, finishReason } = await result;
  const deltas = progress.filter((value) => value.kind === "delta");
  expect(deltas.map((value) => value.text)).toEqual(["one ", "two"]);
  expect(text).toBe("one two");
  expect(citations.map(({ title }) => title)).toEqual(["numpy.fft.irfft"]);
  expect(finishReason).toBe("stop");
  expect(progress.at(-1)).toEqual({ kind: "end", reason: "stop" });
  expect(statuses.at(-1)?.state).toBe("ready");
});

test("a cancelled request ends its stream and is answered as cancelled", async () => {
  const asked = chat("endless", (value) => value.kind === "delta" && asked.cancel());
  await expect(asked.result).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  expect(asked.progress.at(-1)).toEqual({ kind: "end", reason: "cancelled" });
});

test("what is wrong with a request is named", async () => {
  await expect(chat("").result).rejects.toMatchObject({
    code: -32602,
    message: expect.stringContaining("prompt"),
  });
});

test("code actions carry their command, about the document as it is now", async () => {
  await connection.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version: 2 },
    contentChanges: [{ range: range(0, 0, 0, 1), text: "numbers" }],
  });
  const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri },
    range: range(0, 0, 1, 0),
    context: { diagnostics: [] },
  });
  const optimize = (actions as CodeAction[]).find(({ kind }) => kind?.endsWith(".optimize"));
  expect(optimize?.command?.command).toBe(REWRITE_COMMAND);
  expect(optimize?.command?.arguments?.[0]).toMatchObject({
    kind: "optimize",
    textDocument: { uri, version: 2 },
  });
});

function range(line: number, character: number, toLine: number, toCharacter: number) {
  return { start: { line, character }, end: { line: toLine, character: toCharacter } };
}
