import { fault, valid, type Parse } from './parsed.js';
import { Secret } from './secret.js';
import type { DatabaseSettings } from './settings.js';

const PERCENT_ENCODE =
  'percent-encode special characters of the password (@ is %40, / is %2F, # is %23), and end the address with the name of the database';

/** `sqlite:PATH` (one process) or `postgres://user:password@host:port/database` (several instances). */
export const databaseUrl: Parse<DatabaseSettings> = (text, environment) => {
  if (text.startsWith('sqlite:')) return sqlite(text.slice('sqlite:'.length), environment);
  if (!/^postgres(?:ql)?:\/\//.test(text)) {
    return fault('begin with sqlite: or postgres://, for example sqlite:./data/edgepass.sqlite');
  }
  const url = URL.parse(text);
  // What follows an unescaped / or # of the password is taken for the path, and the host is a piece of the password.
  if (url === null || /[@/]/.test(url.pathname.slice(1)) || url.hash !== '') return fault(PERCENT_ENCODE);
  if (url.pathname.length < 2) return fault('name the database after the host: postgres://…/edgepass');
  return valid({ kind: 'postgres', url: new Secret(text) });
};

function sqlite(path: string, environment: string): ReturnType<typeof databaseUrl> {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (path === '' || /[\x00-\x1f\x7f]/.test(path)) return fault('write the path of the file after sqlite:');
  if (path.startsWith('//')) return fault('write the path right after sqlite:, without //');
  if (path === ':memory:' && environment === 'production') {
    return fault('name a file; grants are recorded durably or not given');
  }
  return valid({ kind: 'sqlite', path });
}
