import type { Outcome, WayResult } from './measure.js';
import type { Group, Way } from './ways.js';

/** What `npm run loading -- --write` recorded of one engine. */
export interface EngineResults {
  /** `156.0.8078.108`. */
  readonly version: string;
  /** Day of the run, `2026-11-28`. */
  readonly date: string;
  readonly ways: Readonly<Record<string, WayResult>>;
}

export type EngineName = 'chromium' | 'firefox' | 'webkitgtk';
export type Measured = Readonly<Record<EngineName, EngineResults>>;

export const ENGINES: readonly EngineName[] = ['chromium', 'firefox', 'webkitgtk'];
const NAMES: Readonly<Record<EngineName, string>> = {
  chromium: 'Chromium',
  firefox: 'Firefox ESR',
  webkitgtk: 'WebKitGTK',
};
const LETTERS: Readonly<Record<EngineName, string>> = { chromium: 'C', firefox: 'F', webkitgtk: 'W' };

const MADE = '<!-- Made by `npm run docs` from test/loading/. Do not edit. -->';

/** Ways that fail in an engine and have no cure that was seen to work there: `engine: way`. */
export function withoutCure(groups: readonly Group[], measured: Measured): readonly string[] {
  return ENGINES.flatMap((engine) =>
    groups
      .flatMap(({ ways }) => ways)
      .filter(({ id, by, isHopeless }) => {
        const { ways } = measured[engine];
        return (
          ways[id]?.works === false && isHopeless !== true && by?.some((cure) => ways[cure]?.works) !== true
        );
      })
      .map(({ id }) => `${engine}: ${id}`),
  );
}

/** The pages in docs/ by their names. */
export function loadingPages(groups: readonly Group[], measured: Measured): ReadonlyMap<string, string> {
  const sections = (page: Group['page']) =>
    groups.filter((group) => group.page === page).map((group) => sectionOf(group, measured));
  const first = [firstHead(groups, measured), ...sections('loading.md'), HOW_MEASURED];
  const second = [
    `${MADE}\n\n# Ways of loading: scripts, workers and requests\n\n[The first page](../loading.md) says what the columns mean, and has what HTML and CSS load.`,
    ...sections('loading/scripts.md').map((text) => text.replaceAll('](client.md', '](../client.md')),
  ];
  return new Map([
    ['loading.md', `${first.join('\n\n')}\n`],
    ['loading/scripts.md', `${second.join('\n\n')}\n`],
  ]);
}

function firstHead(groups: readonly Group[], measured: Measured): string {
  const versions = ENGINES.map(
    (engine) => `${NAMES[engine]} ${measured[engine].version} (${measured[engine].date})`,
  );
  const links = groups.map(
    ({ page, title }) => `[${title}](${page === 'loading.md' ? '' : page}#${anchorOf(title)})`,
  );
  return `${MADE}

# Ways of loading

**In short**, once the grant has arrived: \`<img>\`, \`<video>\`, \`<iframe>\` and backgrounds need nothing. \`fetch\` needs
\`credentials: 'include'\`. Where \`crossorigin\` stands, it says \`use-credentials\`, never \`anonymous\`. Fonts and masks of CSS are
loaded by a script ([loadFont and blobUrl](client.md#fonts-masks-and-downloads)). All else is below, by kind.

What a page must write so that a file behind signed cookies loads, for each way that a browser has. Every line was run
against the local edge in ${versions.join(', ')}.
**WebKitGTK is not Safari**: its engine is of the same family, its network and its cookie jar are others. Safari was not
measured.

${links.join(' · ')}

- The browsers' columns: yes, the file loads with its cookies. **no**, it is asked for without them, and refused. _not asked_,
  the browser sends no request at all. _part_, the document or sheet loads, and something that it loads itself does not.
  _fails_, the cookies go along, or a preflight does, and the page gets nothing.
- CORS: whether the CDN must answer with the exact origin and with credentials, as
  [the recommended distribution](recommended-distribution.md) does; “–” where it does not load from another origin anyway. C, F
  and W are Chromium, Firefox and WebKitGTK where they differ.
- Other site: the page stands on another registrable domain, and the cookies say \`SameSite=None; Secure; Partitioned\`; “same”
  is as on the left. Cookies that say \`SameSite=Lax\` go from there in the lines with _Lax_ **only**. WebKitGTK is left out: it
  stores no cookie that a page of another site asks for.
- \`crossorigin\` without a value, and any unknown value, mean \`anonymous\` ([HTML Standard](https://html.spec.whatwg.org/multipage/urls-and-fetching.html#cors-settings-attribute)).
- Players and libraries have options of their own: [players.md](players.md), [libraries.md](libraries.md).`;
}

const HOW_MEASURED = `## How it is measured

\`npm run loading\` runs every line in Chromium and Firefox ESR, and fails where one differs from what is recorded;
\`npm run loading -- --write\` records. A sample in both is part of \`npm run whole\`. Page, CDN and the host that sets the cookies are
\`*.load.localhost\`, the other page is \`app.other.localhost\`, and the browsers trust the authority of their certificates. The edge
has three folders: private, open, and open without CORS headers. The CDN's side counts the cookies of each request; a script of the
page says whether it can use the image, font, module or answer. What a style or a frame loads is judged by its requests alone.
Debian's Chromium blocks third-party cookies that are not partitioned.

\`npm run loading -- --engine webkitgtk\` measures WebKitGTK: as root, with Debian's \`webkit2gtk-driver\` and \`xvfb\`.

Last run of both on 2026-11-28: 310 of 310 tests in Chromium and Firefox ESR, 158 of 158 in WebKitGTK. A sound or a film must
come within 6 s: on a machine that is busy with other work nine of the 310 did not.`;

function sectionOf({ title, introduction, ways }: Group, measured: Measured): string {
  const rows = ways.map((way) => {
    const results = ENGINES.map((engine) => resultOf(measured, engine, way));
    const cells = [
      way.title,
      ...results.map((result) => cellOf(way, result)),
      corsOf(results),
      otherSiteOf(way, results),
      cureOf(way, results),
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  });
  return [
    `## ${title}`,
    ...(introduction === '' ? [] : [introduction]),
    [
      '| way | Chromium | Firefox | WebKitGTK | CORS | other site | how to make it work |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
  ].join('\n\n');
}

function resultOf(measured: Measured, engine: EngineName, { id }: Way): WayResult {
  const result = measured[engine].ways[id];
  if (result === undefined)
    throw new Error(`nothing is recorded of ${id} in ${engine}: npm run loading -- --write`);
  return result;
}

function cellOf({ isDocument }: Way, { cookies, works }: Outcome): string {
  if (cookies === 'not asked') return works ? 'yes' : '_not asked_';
  const twice = /then|times/.test(cookies) ? ', asked twice' : '';
  if (works) return (cookies.includes('sent') ? 'yes' : 'yes, without cookies') + twice;
  if (!cookies.includes('sent')) return (cookies === 'preflight only' ? '_fails_' : '**no**') + twice;
  if (isDocument === true) return '_part_';
  return (cookies.includes('without') ? '**no**' : '_fails_') + twice;
}

function corsOf(results: readonly WayResult[]): string {
  const text = (value: boolean | null) => (value === null ? '–' : value ? 'yes' : 'no');
  return joined(results.map(({ needsCors }) => text(needsCors)));
}

/** Of the two that take cookies there at all; the head of the page says so of the third. */
function otherSiteOf(way: Way, results: readonly WayResult[]): string {
  const cells = results.map((result) => {
    const there = cellOf(way, result.partitioned);
    return there === cellOf(way, result) ? 'same' : there;
  });
  const lax = results.map((result) =>
    result.lax.cookies.includes('sent') ? cellOf(way, result.lax) : '**no**',
  );
  const [first = '', second = ''] = cells;
  const text = first === second ? first : `C ${first}, F ${second}`;
  return lax.every((cell) => cell === '**no**') ? text : `${text}; _Lax_: ${joined(lax)}`;
}

/** One text where all three say the same, else each with its letter. */
function joined(texts: readonly string[]): string {
  if (new Set(texts).size === 1) return texts[0] ?? '';
  return ENGINES.map((engine, index) => `${LETTERS[engine]} ${texts[index] ?? ''}`).join(', ');
}

function cureOf({ cure }: Way, results: readonly WayResult[]): string {
  if (cure !== undefined) return cure;
  return results.every(({ works }) => works) ? 'nothing' : '–';
}

/** As GitHub makes it of a head. */
function anchorOf(title: string): string {
  return title.toLowerCase().replaceAll(/\s/g, '-');
}
