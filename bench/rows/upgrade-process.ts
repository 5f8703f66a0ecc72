// Brings a database to the schema of this version, in a process of its own that can be killed.
import { migrate } from './fill.js';

await migrate(process.argv[2] ?? '');
process.exit(0);
