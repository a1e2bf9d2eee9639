import { expect, test } from "vitest";
import { findServer, type Machine } from "../src/server/locate";

const linux: Machine = {
  platform: "linux",
  home: "/home/ada",
  env: { PATH: "/usr/bin:/opt/tools" },
  folders: ["/home/ada/app"],
  trusted: true,
};

function find(exists: string[], machine: Partial<Machine> = {}, configured: string[] = []) {
  return findServer(configured, { ...linux, ...machine }, (file) => exists.includes(file));
}

test("what is configured is taken as it is, wherever it lies", () => {
  expect(find([], {}, ["/x/python", "-m", "glossator", "lsp"])).toEqual([
    "/x/python",
    "-m",
    "glossator",
    "lsp",
  ]);
});

test.each([
  ["the search path", "/opt/tools/glossator"],
  ["the workspace's own environment", "/home/ada/app/.venv/bin/glossator"],
  ["pip --user, pipx and uv", "/home/ada/.local/bin/glossator"],
  ["pipx without its links", "/home/ada/.local/share/pipx/venvs/glossator/bin/glossator"],
  ["uv without its links", "/home/ada/.local/share/uv/tools/glossator/bin/glossator"],
])("it is found in %s", (_, file) => {
  expect(find([file])).toEqual([file, "lsp"]);
});

test("the search path goes before the workspace", () => {
  expect(find(["/home/ada/app/.venv/bin/glossator", "/usr/bin/glossator"])?.[0]).toBe(
    "/usr/bin/glossator",
  );
});

test("an environment that is active is looked into", () => {
  const env = { VIRTUAL_ENV: "/envs/main" };
  expect(find(["/envs/main/bin/glossator"], { env })?.[0]).toBe("/envs/main/bin/glossator");
});

test.each([
  ["its environment", "/home/ada/app/.venv/bin", {}],
  ["the search path", "/home/ada/app/tools", { PATH: "/home/ada/app/tools" }],
  ["a search path with a detour", "/home/ada/app/tools", { PATH: "/usr/../home/ada/app/tools" }],
  ["an active environment", "/home/ada/app/env/bin", { VIRTUAL_ENV: "/home/ada/app/env" }],
])("nothing of an untrusted workspace is run, found by %s", (_, folder, env) => {
  expect(find([`${folder}/glossator`], { trusted: false, env })).toBeUndefined();
});

test("an entry of the search path that is not absolute is no place", () => {
  expect(find(["glossator", "./glossator"], { env: { PATH: ".::" } })).toBeUndefined();
});

test("on Windows programs lie in Scripts and end in .exe", () => {
  const windows: Partial<Machine> = {
    platform: "win32",
    home: "C:\\Users\\ada",
    env: { PATH: "C:\\Windows" },
    folders: ["C:\\app"],
  };
  const file = "C:\\app\\.venv\\Scripts\\glossator.exe";
  expect(find([file], windows)?.[0]).toBe(file);
});
