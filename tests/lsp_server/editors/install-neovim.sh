#!/bin/bash
# usage: install-neovim.sh FOLDER
# Sees to it that the tests find a Neovim of 0.11 or newer, and tmux: nothing to do where both are
# on the path; else Debian testing's are unpacked into FOLDER, with the libraries they need.
# Needs no root, and changes nothing outside of FOLDER.
set -euo pipefail

folder=${1:?usage: install-neovim.sh FOLDER}

enough() { # PATH: is this Neovim new enough?
	[ "$("$1" --version 2>/dev/null | sed -nE '1s/^NVIM v([0-9]+)\.([0-9]+).*/\1 \2/p' |
		awk '{ print ($1 > 0 || $2 >= 11) }')" = 1 ]
}

refuse() {
	echo "The tests in Neovim need Neovim 0.11 or newer, and tmux; $1." >&2
	echo "Install both (https://neovim.io/doc/install), or name the Neovim in \$NEOVIM." >&2
	exit 1
}

on_path=${NEOVIM:-$(command -v nvim || true)}
if [ -n "$on_path" ] && enough "$on_path" && command -v tmux >/dev/null; then
	exit 0
fi
if enough "$folder/usr/bin/nvim" && [ -x "$folder/usr/bin/tmux" ]; then
	exit 0
fi

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
command -v apt-get >/dev/null && [ -e "$keyring" ] || refuse "they are fetched by themselves on Debian only"
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | sort -u | head -1)
[ -n "$archive" ] || refuse "this machine's apt knows no Debian archive"

echo "Fetching Neovim and tmux of Debian testing into $folder" >&2
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
apt=$folder/apt
mkdir -p "$apt"/{lists,cache/archives}/partial
: >"$apt/status" # as on an empty machine: the whole closure, the C library included
cat >"$apt/testing.sources" <<SOURCES
Types: deb
URIs: $archive
Suites: testing
Components: main
Signed-By: $keyring
SOURCES
options=(-o Dir::Etc::sourcelist="$apt/testing.sources" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
	-o Debug::NoLocking=1)
{
	apt-get "${options[@]}" -q update
	apt-get "${options[@]}" -qy --no-install-recommends --download-only install neovim tmux patchelf
} >"$folder/apt.log" 2>&1 || refuse "fetching them failed, see $folder/apt.log"
for package in "$apt"/cache/archives/*.deb; do
	dpkg-deb -x "$package" "$folder"
done
rm -rf "$apt"

# They bring a newer C library than the machine's, so each starts with its own loader.
loader=$(find "$folder"/usr/lib* -maxdepth 2 -name 'ld-linux*.so.*' | head -1)
libraries=$(dirname "$(find "$folder/usr/lib" -name libc.so.6 | head -1)")
for program in nvim tmux; do
	"$loader" --library-path "$libraries" "$folder/usr/bin/patchelf" \
		--set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$folder/usr/bin/$program"
done
enough "$folder/usr/bin/nvim" || refuse "what Debian testing has does not start"
