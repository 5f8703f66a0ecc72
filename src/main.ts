import { run } from './cli/api.command.js';

/** Starts the API from the environment: the same as `edgepass api`. */
process.exitCode = await run(process.argv.slice(2));
