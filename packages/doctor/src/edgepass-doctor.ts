#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { run } from './doctor.command.js';

// The next start need not compile again: a third of the time until the first line.
enableCompileCache();
process.exitCode = await run(process.argv.slice(2));
