// `edgepass edge` on the port that the benchmark gives.
const { PORT, FOLDER, TLS } = process.env;
if (PORT === undefined || FOLDER === undefined) throw new Error('the edge peer needs PORT and FOLDER');
const command = await import('@edgepass/edge/command');
process.exitCode = await command.run([
  '--distribution',
  FOLDER,
  ...(TLS === 'yes' ? [] : ['--http']),
  '--port',
  PORT,
]);
