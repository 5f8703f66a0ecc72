// `edgepass edge` on the port that the benchmark gives; with WORKERS, so many of them that share it.
import cluster from 'node:cluster';

const { PORT, FOLDER, TLS, WORKERS } = process.env;
if (PORT === undefined || FOLDER === undefined) throw new Error('the edge peer needs PORT and FOLDER');
if (WORKERS !== undefined && cluster.isPrimary) {
  for (let left = Number(WORKERS); left > 0; left -= 1) cluster.fork();
  process.once('SIGTERM', () => cluster.disconnect(() => process.exit(0)));
} else {
  const command = await import('@edgepass/edge/command');
  process.exitCode = await command.run([
    '--distribution',
    FOLDER,
    ...(TLS === 'yes' ? [] : ['--http']),
    '--port',
    PORT,
  ]);
}
