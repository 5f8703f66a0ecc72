#!/usr/bin/env bash
# pg 8.23.1 (pg-pool 3.14.0): `await pool.end()` resolves while the connections of its idle clients are still open. What
# PostgreSQL says on them afterwards ("terminating connection due to administrator command", when the server stops or
# the database is dropped WITH (FORCE)) becomes an `error` of the pool that has ended, and ends a process that has no
# listener for it. Expected: the promise resolves when the connections are closed, as that of `client.end()` does.
#
# A server of a few lines speaks the PostgreSQL protocol: it takes every client, and answers Terminate like a
# PostgreSQL that is just being stopped. Exit code 1: the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact pg@8.23.1 >/dev/null
cat >run.cjs <<'JS'
const net = require('node:net');
const { Client, Pool } = require('pg');

const message = (type, body) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};
const READY = Buffer.concat([message('R', Buffer.from([0, 0, 0, 0])), message('Z', Buffer.from('I'))]);
const RESULT = Buffer.concat([message('C', Buffer.from('SELECT 0\0')), message('Z', Buffer.from('I'))]);
const STOPPING = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

let closed = 0;
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('close', () => (closed += 1));
  let isStarted = false;
  socket.on('data', (bytes) => {
    if (!isStarted) {
      isStarted = true;
      socket.write(READY);
    } else if (bytes[0] === 'X'.charCodeAt(0)) {
      // PostgreSQL may have been asked to stop at this very moment.
      setTimeout(() => socket.end(STOPPING), 100);
    } else socket.write(RESULT);
  });
});

server.listen(0, '127.0.0.1', async () => {
  const { port } = server.address();
  const options = { host: '127.0.0.1', port, user: 'u', database: 'd' };

  const client = new Client(options);
  client.on('error', () => {});
  await client.connect();
  await client.end();
  await new Promise((done) => setImmediate(done));
  console.log(`client.end() has resolved: ${closed} of 1 connections closed`);

  closed = 0;
  const pool = new Pool(options);
  await pool.query('');
  await pool.end();
  await new Promise((done) => setImmediate(done));
  console.log(`pool.end() has resolved: ${closed} of 1 connections closed`);
  process.once('uncaughtException', (error) => {
    console.log(`uncaught, after pool.end(): ${error.message}`);
    server.close();
  });
  setTimeout(() => server.close(), 1000).unref();
});
JS
node run.cjs | tee output
diff output - <<'EXPECTED' && echo 'as recorded'
client.end() has resolved: 1 of 1 connections closed
pool.end() has resolved: 0 of 1 connections closed
uncaught, after pool.end(): terminating connection due to administrator command
EXPECTED
