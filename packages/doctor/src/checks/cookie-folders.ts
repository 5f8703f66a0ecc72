import type { Load } from '../evidence/evidence.js';
import {
  folderOfResource,
  isForAnotherFolder,
  resourceCovers,
  type SignedPolicy,
} from '../evidence/signed-policy.js';
import { printable } from '../evidence/show.js';
import { cameWithoutCookies, refusalOf, signedCookiesOf, type Facts } from '../facts.js';
import { holdingFor, policiesReaching } from '../holding.js';
import { distinct, jarSigns, shown, type Check, type Sign } from './check.js';
import { withoutCookies } from './refused-requests.js';

/** Cookies for another folder than that of the file, or none at all. */
export const COOKIE_FOLDER_CHECKS: readonly Check[] = [
  {
    id: 'cookie-path',
    catalogue: ['F19'],
    stage: 'cookie-sent',
    title: 'The cookies’ Path does not cover the file.',
    why: 'Path is compared with the address segment by segment and byte for byte; * means nothing in it, and without Path the folder of the API’s route counts (B57, B58).',
    fix: 'Set Path to the folder of the files as the browser writes it, such as /courses/algebra, without * and with its escapes.',
    evidence:
      'Path of Set-Cookie, or of the cookie file, beside the path of a refused file that the policy covers',
    toTellApart: 'the reason beside the cookie in the Network panel: "path was not an exact match"',
    look: (facts) => {
      const candidates = facts.failing.filter(
        (load) =>
          (load.source === 'har' || load.source === 'live') &&
          (load.cookies === null || cameWithoutCookies(load)),
      );
      const signs: Sign[] = [];
      let isUnsure = false;
      let isOfGrant = false;
      for (const load of candidates) {
        if (holdingFor(load, facts) !== 'other-path') continue;
        const { pathname } = new URL(load.url);
        const policies = policiesReaching(load, facts);
        if (!policies.some((policy) => policy !== null && opens(policy, load))) {
          // A grant of another folder would be refused whatever its Path were; a Path with * is wrong for any folder.
          const isWrongAnyway = policies.includes(null) && pathsOf(facts).some((path) => path.includes('*'));
          if (!isWrongAnyway) {
            isUnsure ||= policies.includes(null);
            isOfGrant ||= !policies.includes(null);
            continue;
          }
        }
        signs.push({
          seen: `${shown(load)} went without cookies: their Path is ${pathsOf(facts).join(', ')}, the file is ${pathname}.`,
        });
      }
      // The browser says it of cookies of another folder too.
      const isSaid = signs.length > 0 || !isOfGrant;
      for (const { where, text } of facts.evidence.sayings.filter(({ kind }) => kind === 'cookie-path')) {
        if (isSaid) signs.push({ seen: `${where}: ${text}` });
      }
      if (signs.length > 0) return distinct(signs);
      return isUnsure || facts.grants.length + facts.evidence.held.length === 0 ? null : [];
    },
  },
  {
    id: 'grant-missing',
    catalogue: [],
    stage: 'cookie-sent',
    title: 'The browser holds no grant: none was asked for, or the cookies of its answer were not stored.',
    why: 'Without signed cookies CloudFront refuses every file of a restricted behavior (R51).',
    fix: 'Ask for the grant with credentials: "include" before the file is loaded. If that is done, the Network panel says beside the Set-Cookie lines of its answer why they were not stored.',
    evidence:
      'a call of the page to POST /diagnoses that carried cookies, none of them a record of a grant, or one whose Domain does not reach the CDN',
    toTellApart: 'whether a call to POST /grants stands before the load in the Network panel',
    look: (facts) => {
      const signs = [...jarSigns(facts, 'no-grant'), ...jarSigns(facts, 'domain-not-of-cdn')];
      const isHeld =
        facts.evidence.held.some(({ name }) => name === 'CloudFront-Signature') ||
        facts.files.some((load) => (signedCookiesOf(load)?.names.length ?? 0) > 0);
      return signs.length === 0 && facts.evidence.jar === null && !isHeld ? null : signs;
    },
  },
  {
    id: 'folder-not-granted',
    catalogue: ['F61'],
    stage: 'cookie-sent',
    title: 'There are cookies, for another folder than that of the file.',
    why: 'A policy opens what its Resource covers, whatever Path its cookies have (R24).',
    fix: 'Ask for a grant that covers this folder.',
    evidence:
      'the decoded policy of the grants, of a cookie file or of the request itself, beside the address of a refused file',
    toTellApart: 'the Resource of the policy',
    look: (facts) => {
      let isUnsure = false;
      const signs = withoutCookies(facts).flatMap((load): Sign[] => {
        if (holdingFor(load, facts) !== 'other-path') return [];
        const policies = policiesReaching(load, facts);
        if (policies.some((policy) => policy === null || opens(policy, load))) {
          isUnsure ||= policies.includes(null);
          return [];
        }
        const resources = [...new Set(policies.map((policy) => policy?.resource ?? ''))].slice(0, 5);
        return [
          {
            seen: `${shown(load)} is covered by none of ${resources.map(printable).join(', ')}.`,
            ...fixOf(resources, load),
          },
        ];
      });
      for (const load of facts.failing) {
        const resource = signedCookiesOf(load)?.policy?.resource ?? null;
        if (resource === null || !isRefusedForFolder(load, resource)) continue;
        signs.push({
          seen: `${shown(load)} carried cookies that open ${printable(resource)}.`,
          ...fixOf([resource], load),
        });
      }
      const all = [...signs, ...jarSigns(facts, 'other-folder')];
      if (all.length > 0) return distinct(all);
      const isSeen = facts.grants.length + facts.evidence.held.length > 0 || facts.evidence.jar !== null;
      return isUnsure || !isSeen ? null : [];
    },
  },
];

/** Whether a policy opens the address of a load; without a Resource it opens every address (R16). */
function opens({ resource }: SignedPolicy, { url }: Load): boolean {
  return resource === null || resourceCovers(resource, url);
}

/** Whether CloudFront refused a request because the policy that it carried is one of another folder of that host. */
export function isRefusedForFolder(load: Load, resource: string): boolean {
  const refusal = refusalOf(load);
  return (
    refusal !== null &&
    refusal.by !== 'S3' &&
    (refusal.code === null || refusal.code === 'AccessDenied') &&
    isForAnotherFolder(resource, load.url)
  );
}

/** The two folders by name, where the grants are of the file’s host. */
function fixOf(resources: readonly string[], { url }: Load): Pick<Sign, 'fix'> {
  const folders = resources
    .filter((resource) => isForAnotherFolder(resource, url))
    .flatMap((resource) => folderOfResource(resource) ?? []);
  const [first] = folders;
  if (first === undefined) return {};
  const granted = folders.map((folder) => printable(folder)).join(' and ');
  // As deep as the folder that was granted: folders of one kind lie side by side.
  const own = new URL(url).pathname.split('/').slice(1, -1).slice(0, first.split('/').length).join('/');
  return {
    fix: `The ${folders.length === 1 ? 'grant is' : 'grants are'} for ${granted}, the file is in ${own === '' ? 'the top folder' : printable(own)}: ask for that folder.`,
  };
}

function pathsOf({ grants, evidence }: Facts): readonly string[] {
  const paths = [
    ...grants.flatMap(({ cookies }) => cookies.map(({ path }) => path ?? 'missing')),
    ...evidence.held.filter(({ name }) => name === 'CloudFront-Signature').map(({ path }) => path),
  ];
  return [...new Set(paths)];
}
