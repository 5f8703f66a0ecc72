// Preloaded into a service that is broken on purpose: SQLite waits for its disk as EDGEPASS_TEST_SYNCHRONOUS says.
import Sqlite from 'better-sqlite3';

const pragma = Reflect.get(Sqlite.prototype, 'pragma');

Sqlite.prototype.pragma = function (text, ...rest) {
  const weaker = text.replace('synchronous = FULL', `synchronous = ${process.env.EDGEPASS_TEST_SYNCHRONOUS}`);
  return Reflect.apply(pragma, this, [weaker, ...rest]);
};
