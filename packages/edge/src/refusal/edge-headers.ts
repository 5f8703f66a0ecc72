import { randomBytes } from 'node:crypto';
import { headerOf, type HeaderList } from '../header-list.js';

/** What tells one answer of the edge from another. */
export interface EdgeIdentity {
  /** `X-Amz-Cf-Id`: 56 characters as CloudFront writes them. */
  readonly requestId: string;
  readonly via: string;
  readonly pop: string;
}

/** What `X-Cache` says of where an answer came from. */
export type XCache = `${'Hit' | 'RefreshHit' | 'Miss' | 'Error' | 'Redirect'} from cloudfront`;

const HOST_ID = randomBytes(16).toString('hex');

/** A new identity for one answer. */
export function newIdentity(): EdgeIdentity {
  return {
    requestId: randomBytes(40).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    via: `1.1 ${HOST_ID}.cloudfront.net (CloudFront)`,
    pop: 'LOCAL50-P1',
  };
}

/** How CloudFront marks every answer, its own refusals and relayed ones alike. */
export function withEdgeHeaders(headers: HeaderList, identity: EdgeIdentity, xCache: XCache): HeaderList {
  return [
    ...(headerOf(headers, 'Server') === undefined ? ([['Server', 'CloudFront']] as const) : []),
    ...headers,
    ['X-Cache', xCache],
    ['Via', identity.via],
    ['X-Amz-Cf-Pop', identity.pop],
    ['X-Amz-Cf-Id', identity.requestId],
  ];
}
