#!/usr/bin/env node
import { run } from './doctor.command.js';

process.exitCode = await run(process.argv.slice(2));
