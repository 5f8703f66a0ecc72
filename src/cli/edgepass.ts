#!/usr/bin/env node
/*
 * The manners of this command line:
 *
 * - Answers go to stdout, problems and warnings to stderr: a pipe gets only what was asked for.
 * - A problem is one line: what was expected, what was found, what to do. A stack trace is our bug.
 * - Exit code 0 is fine, 1 is a problem, 2 is wrong use; wrong use names the right one.
 * - Nothing asks questions, nothing is overwritten, no key or token is ever printed.
 * - Ctrl-C (or SIGTERM) stops everything that was started; a second one does not wait for it.
 *
 * This file must load on a Node that is too old for the rest, so that it can say so: everything but
 * the version check is imported only after it has passed.
 */
import { nodeVersionProblem } from '../operation/node-version.js';

const problem = nodeVersionProblem(process.versions.node, process.argv[2]);
if (problem === null) {
  const { dispatch } = await import('./dispatch.js');
  process.exitCode = await dispatch(process.argv.slice(2));
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
