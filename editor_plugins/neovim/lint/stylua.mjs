// usage: node stylua.mjs [--write] FOLDER
// Says which Lua files below FOLDER are not as StyLua writes them by FOLDER/stylua.toml, and exits
// with 1 if there are any; with --write it formats them. npm's package of StyLua is WebAssembly
// without a command line, so this is one.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const stylua = createRequire(import.meta.url)("@johnnymorganz/stylua");

const write = process.argv[2] === "--write";
const folder = process.argv[write ? 3 : 2];

/** A key that StyLua does not have is an error, not a setting that does nothing. */
function configuration(toml) {
  const config = stylua.Config.new();
  for (const [, key, name, number] of toml.matchAll(/^(\w+)\s*=\s*(?:"(\w+)"|(\d+))\s*$/gm)) {
    const kind = { indent_type: stylua.IndentType, quote_style: stylua.QuoteStyle }[key];
    const value = name === undefined ? Number(number) : kind?.[name];
    if (!(key in config) || value === undefined) {
      throw new Error(`stylua.toml: ${key} is not read here`);
    }
    config[key] = value;
  }
  return config;
}

const toml = readFileSync(join(folder, "stylua.toml"), "utf8");
const files = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".lua") && !name.includes("node_modules"))
  .map((name) => join(folder, name))
  .sort();

function formatted(file, text) {
  const config = configuration(toml); // which the next call consumes
  try {
    return stylua.formatCode(text, config, undefined, stylua.OutputVerification.Full);
  } catch (problem) {
    console.error(`${file}: ${problem}`);
    process.exit(1);
  }
}

const changed = files.filter((file) => {
  const text = readFileSync(file, "utf8");
  const wanted = formatted(file, text);
  if (write && wanted !== text) {
    writeFileSync(file, wanted);
  }
  return wanted !== text;
});
for (const file of changed) {
  console.error(`${file}: ${write ? "formatted" : "not as StyLua writes it: make format-lua"}`);
}
console.error(`stylua: ${files.length} files, ${changed.length} ${write ? "formatted" : "to format"}`);
process.exit(changed.length > 0 && !write ? 1 : 0);
