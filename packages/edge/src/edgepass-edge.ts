#!/usr/bin/env node
import { run } from './edge.command.js';

process.exitCode = await run(process.argv.slice(2));
