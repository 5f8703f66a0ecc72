// Preloaded into a Node process (`--import`): counts, on every thread of it, how often a key is parsed from
// text, a file is opened or read, the file COUNTED_FILE in particular, and a signature made. Answers its parent's
// message 'counts'.
import crypto, { KeyObject } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workerThreads, { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

let hasListened = false;
const NAMES = ['keysParsed', 'privateKeysParsed', 'filesOpened', 'countedFileOpened', 'signatures'];
const COUNTS = 'edgepass-test-counts';

if (isMainThread) setEnvironmentData(COUNTS, new SharedArrayBuffer(4 * NAMES.length));
const counts = new Int32Array(getEnvironmentData(COUNTS));
const count = (name) => Atomics.add(counts, NAMES.indexOf(name), 1);

const wrap = (object, member, before) => {
  const original = object[member];
  object[member] = function (...args) {
    before(...args);
    return Reflect.apply(original, this, args);
  };
};

const isParsedKey = (key) => key instanceof KeyObject || key?.key instanceof KeyObject;
const countOpened = (file) => {
  count('filesOpened');
  if (file === process.env.COUNTED_FILE) count('countedFileOpened');
};
const countSignature = (key) => {
  count('signatures');
  if (!isParsedKey(key)) count('keysParsed');
};
wrap(crypto.Sign.prototype, 'sign', (key) => countSignature(key));
wrap(crypto, 'sign', (_hash, _data, key) => countSignature(key));
for (const parser of ['createPrivateKey', 'createPublicKey', 'createSecretKey']) {
  wrap(crypto, parser, () => count('keysParsed'));
}
wrap(crypto, 'createPrivateKey', () => count('privateKeysParsed'));
wrap(SubtleCrypto.prototype, 'importKey', () => count('keysParsed'));

for (const reader of ['readFile', 'readFileSync', 'open', 'openSync', 'createReadStream']) {
  wrap(fs, reader, countOpened);
}
for (const reader of ['readFile', 'open']) wrap(fs.promises, reader, countOpened);

// A worker asks for no preload of its parent's, so it is given this one whatever it asks for.
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(file, options = {}) {
    super(file, { ...options, execArgv: [...(options.execArgv ?? []), '--import', import.meta.url] });
  }
};
syncBuiltinESMExports();

if (isMainThread && process.send) {
  // oxlint-disable-next-line typescript/unbound-method -- called with the server it belongs to, below
  const { listen } = net.Server.prototype;
  net.Server.prototype.listen = function (...args) {
    this.once('listening', () => {
      // The service listens on several sockets of its port.
      if (!hasListened) process.send({ listening: true });
      hasListened = true;
    });
    return Reflect.apply(listen, this, args);
  };
  process.on('message', (message) => {
    if (message !== 'counts') return;
    process.send(Object.fromEntries(NAMES.map((name, index) => [name, counts[index]])));
  });
  // The process ends when its own work has ended.
  process.channel.unref();
}
