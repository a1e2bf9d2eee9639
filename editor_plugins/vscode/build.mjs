// Bundles the extension (for the editor's Node) and the chat's page (for its webview) into dist/.

import { build } from "esbuild";

const shared = { bundle: true, minify: true, sourcemap: "linked", logLevel: "warning" };

await Promise.all([
  build({
    ...shared,
    entryPoints: { extension: "src/extension.ts" },
    outdir: "dist",
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode"],
  }),
  build({
    ...shared,
    entryPoints: { chat: "src/webview/main.ts", style: "src/webview/chat.css" },
    outdir: "dist",
    platform: "browser",
    target: "chrome122",
    format: "iife",
  }),
]);
