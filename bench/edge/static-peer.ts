// The peer: express.static as its own page shows it, over the same folder. No signature, no policy, no cache.
import express from 'express';

const { PORT, FOLDER } = process.env;
if (PORT === undefined || FOLDER === undefined) throw new Error('the static peer needs PORT and FOLDER');
express().use(express.static(FOLDER)).listen(Number(PORT), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
