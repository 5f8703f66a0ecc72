/** The pages of docs/ that are written from data, as `npm run format` leaves them. Node runs this file as it is. */
import { readFileSync } from 'node:fs';
import { format, type Oxfmtrc } from 'oxfmt';

/**
 * @param markdown a page of docs/
 * @throws where it is no Markdown
 */
export async function formatPage(markdown: string): Promise<string> {
  const file = new URL('../../.oxfmtrc.json', import.meta.url);
  const {
    $schema: _schema,
    ignorePatterns: _ignored,
    ...options
  } = JSON.parse(readFileSync(file, 'utf8')) as Oxfmtrc;
  const { code, errors } = await format('page.md', markdown, options);
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  return code;
}
