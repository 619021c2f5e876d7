#!/bin/sh
# Installs the Backstage of package-lock.json into a folder of its own below .cache, once per lock; prints the folder.
set -eu
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
lock=$(sha256sum package-lock.json | cut -c 1-12)
folder=$root/.cache/backstage-$lock
if [ ! -e "$folder/installed" ]; then
  command -v npm >/dev/null || { echo "npm is needed (Node 20 or newer) for a real Backstage." >&2; exit 2; }
  mkdir -p "$folder"
  cp package.json package-lock.json "$folder"
  # better-sqlite3 is compiled where its ready-made build cannot be fetched: against Node's own headers, if they are here.
  [ ! -d /usr/include/node ] || export npm_config_nodedir=/usr
  (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error >&2)
  touch "$folder/installed"
fi
cp index.js "$folder"
echo "$folder"
