// Where the command `glossator` may be. Pure: the caller says what a path is on this machine.

import * as path from "node:path";

export interface Machine {
  platform: NodeJS.Platform;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The folders of the workspace. */
  folders: readonly string[];
  /** Whether a program in these folders may be run. In an untrusted workspace it could be anybody's. */
  trusted: boolean;
}

/** The command line that starts the server: the configured one, otherwise the first that exists. */
export function findServer(
  configured: readonly string[],
  machine: Machine,
  isExecutable: (file: string) => boolean,
): string[] | undefined {
  if (configured.length > 0) {
    return [...configured];
  }
  const found = candidates(machine).find(isExecutable);
  return found === undefined ? undefined : [found, "lsp"];
}

/** First the search path, then the environment in the workspace, then where installers put programs. */
export function candidates({ platform, home, env, folders, trusted }: Machine): string[] {
  const windows = platform === "win32";
  const { join, delimiter, isAbsolute, relative } = windows ? path.win32 : path.posix;
  const scripts = windows ? "Scripts" : "bin";
  const name = windows ? "glossator.exe" : "glossator";
  const data = windows ? (env["APPDATA"] ?? home) : join(home, ".local", "share");
  const places = [
    ...(env["PATH"] ?? "").split(delimiter).filter((place) => place !== ""),
    ...folders.flatMap((folder) => [join(folder, ".venv", scripts), join(folder, "venv", scripts)]),
    ...(env["VIRTUAL_ENV"] ? [join(env["VIRTUAL_ENV"], scripts)] : []),
    join(home, ".local", "bin"), // pip --user, pipx, uv tool
    join(data, "pipx", "venvs", "glossator", scripts),
    join(data, "uv", "tools", "glossator", scripts),
    ...(platform === "darwin" ? ["/opt/homebrew/bin"] : []),
    ...(windows ? [] : ["/usr/local/bin"]),
  ];
  const inside = (place: string): boolean =>
    folders.some((folder) => {
      const way = relative(folder, place);
      return !way.startsWith("..") && !isAbsolute(way);
    });
  const allowed = places.filter((place) => isAbsolute(place) && (trusted || !inside(place)));
  return [...new Set(allowed.map((place) => join(place, name)))];
}
