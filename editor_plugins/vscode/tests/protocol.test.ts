import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as protocol from "../src/protocol";

const page = readFileSync(`${import.meta.dirname}/../../../docs/lsp.md`, "utf8");

test("every method and command is one that the language server documents", () => {
  const names = Object.values(protocol).filter((value) => typeof value === "string");
  expect(names).not.toHaveLength(0);
  for (const name of names) {
    expect(page).toContain(`\`${name}\``);
  }
});

test("every method that the language server adds is used", () => {
  const documented = new Set(page.match(/(?<=`)glossator\/[\w/]+(?=`)/g));
  expect(new Set(Object.values(protocol))).toEqual(
    new Set([...documented, ...commands(), protocol.REQUEST_FAILED]),
  );
});

function commands(): string[] {
  return [protocol.REWRITE_COMMAND, protocol.EXPLAIN_COMMAND];
}
