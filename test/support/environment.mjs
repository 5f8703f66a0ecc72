/** What jest runs each spec file in: its own environment for Node, and every source compiled once for a worker. */
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';
import { compileOnce } from './compile-once.ts';

compileOnce(vm);

export default TestEnvironment;
