#!/usr/bin/env node
// This file must load on a Node that is too old for the rest, so that it can say so: the rest is imported after the check.
const version = process.versions.node;
const [major = 0, minor = 0] = version.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 12)) {
  const { enableCompileCache } = await import('node:module');
  // The next start need not compile again: a third of the time until the first line.
  enableCompileCache();
  const { run } = await import('./doctor.command.js');
  process.exitCode = await run(process.argv.slice(2));
} else {
  process.stderr.write(`edgepass doctor: needs Node 22.12 or newer, and this is Node ${version}.\n`);
  process.exitCode = 2;
}
