/** What jest runs each spec file in: its own environment for Node, and every source compiled once for a worker. */
import vm from 'node:vm';
import threads from 'node:worker_threads';
import { TestEnvironment } from 'jest-environment-node';
import { compileOnce } from './compile-once.ts';
import { keepCompiled } from './compiled-threads.ts';

compileOnce(vm);
keepCompiled(threads);

export default TestEnvironment;
