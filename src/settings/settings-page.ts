import { SETTING_GROUPS, SETTING_NAMES, SETTINGS_TABLE, type SettingName } from './settings-table.js';

const SOURCE = 'Made by `npm run docs` from src/settings/settings-table.ts. Do not edit.';

/** The text of `docs/settings.md`: every setting with its default, form and meaning. */
export function settingsPage(): string {
  return (
    [
      `<!-- ${SOURCE} -->`,
      '# Settings',
      'Settings come from the environment. In development alone a file `.env` in the working folder counts as well; the environment wins. An empty value counts as absent.',
      'All problems are reported at once, at start, one line each, with exit code 1. In `.env` an unknown name is a problem; in the environment, where platforms put names of their own, only a name within two edits of a setting draws a warning.',
      '[`.env.example`](../.env.example) has the same names, to copy.',
      ...SETTING_GROUPS.flatMap((group) => [
        `## ${group}`,
        SETTING_NAMES.filter((name) => SETTINGS_TABLE[name].group === group)
          .map(entry)
          .join('\n'),
      ]),
    ].join('\n\n') + '\n'
  );
}

/** A list and not a table: a meaning takes up to three sentences, and a terminal shows no wide cells. */
function entry(name: SettingName): string {
  const { default: shown, form, meaning } = SETTINGS_TABLE[name];
  return `- **\`${name}\`**: ${form}. Default: ${asText(shown)}.\\\n  ${meaning}`;
}

/** A default that is a bare value stands as code; one that is a sentence brings its own marks. */
function asText(shown: string | null): string {
  if (shown === null) return 'none';
  return /[ `]/.test(shown) ? shown.replace(/^(https:\S+)/, '`$1`') : `\`${shown}\``;
}

const COMMENT_WIDTH = 100;

/** The text of `.env.example`: every name with nothing behind it, which means its default. */
export function dotEnvExample(): string {
  return (
    [
      comment(
        `${SOURCE} Copy to .env and fill in what you need: an empty value means the default. Read in development only; the environment wins over it.`,
      ),
      ...SETTING_GROUPS.flatMap((group) => [
        `# ---- ${group} ----`,
        ...SETTING_NAMES.filter((name) => SETTINGS_TABLE[name].group === group).map(exampleOf),
      ]),
    ].join('\n\n') + '\n'
  );
}

function exampleOf(name: SettingName): string {
  const { default: shown, example, meaning } = SETTINGS_TABLE[name];
  const hint = `Default: ${shown ?? 'none'}. Example: ${example}`;
  return [comment(plain(meaning)), comment(plain(hint)), `${name}=`].join('\n');
}

function plain(text: string): string {
  return text.replaceAll('`', '');
}

function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const current = lines.at(-1);
    if (current === undefined || current.length + word.length + 1 > COMMENT_WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${current} ${word}`;
  }
  return lines.join('\n');
}
