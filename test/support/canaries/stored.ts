import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectTo } from '../postgres-connections.js';

/** Every row of every table of a PostgreSQL database, as text. */
export async function rowsIn(url: string): Promise<string> {
  const client = await connectTo(url);
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      const { rows } = await client.query<{ row: string }>(`select one::text as row from ${name} as one`);
      texts.push(...rows.map(({ row }) => row));
    }
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

/** The files below a folder, databases among them, with their bytes; but for those whose path ends so. */
export function filesIn(
  folder: string,
  except: readonly string[] = [],
): readonly { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !except.some((end) => path.endsWith(end)))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}
