import type { Entitlement } from '/client/index.js';
import type { Samples } from './config.js';
import { byId } from './page.js';
import { opens } from './held-grants.js';
import { PEOPLE } from './viewers.js';
import { nameOf } from './words.js';

/** Fills the prefix list: what the viewer may open first, then what the API will refuse, worth a try. */
export function showPrefixChoices(
  samples: Samples,
  viewer: string | null,
  entitlements: readonly Entitlement[],
): void {
  const select = byId('prefix', HTMLSelectElement);
  const before = select.value;
  const mayOpen = entitlements
    .filter(({ applies }) => applies)
    .map(({ opens: prefix, prefix: row }) => prefix ?? row);
  const all = unique([
    ...mayOpen,
    samples.prefix,
    folderOf(samples.video),
    folderOf(samples.images[0] ?? samples.video),
    courseOf(samples.korean),
    courseOf(samples.sibling),
    'users/alice',
  ]);
  const allowed = all.filter((prefix) => mayOpen.some((wider) => opens(wider, prefix)));
  const refused = all.filter((prefix) => !allowed.includes(prefix));
  select.replaceChildren(
    ...(allowed.length === 0
      ? []
      : [group(`${viewer === null ? 'Anyone' : nameOf(viewer)} may open`, allowed)]),
    ...(refused.length === 0
      ? []
      : [group(viewer === null ? 'Sign in first' : `Not for ${nameOf(viewer)}: see the refusal`, refused)]),
  );
  select.value = all.includes(before) ? before : samples.prefix;
}

/** The courses, and the folder of everybody, as an administrator gives rights to them. */
export function coursesOf(samples: Samples): readonly string[] {
  return unique([
    samples.prefix,
    courseOf(samples.sibling),
    courseOf(samples.korean),
    ...PEOPLE.map(({ user }) => `users/${user}`),
  ]);
}

function group(label: string, prefixes: readonly string[]): HTMLOptGroupElement {
  const element = document.createElement('optgroup');
  element.label = label;
  element.append(
    ...prefixes.map((prefix) => new Option(prefix === '/' ? '/ (everything)' : `/${prefix}/`, prefix)),
  );
  return element;
}

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)];
const folderOf = (path: string): string => path.split('/').slice(0, -1).join('/');
const courseOf = (path: string): string => path.split('/').slice(0, 2).join('/');
