import { headerOf, withHeader, withoutHeader, type HeaderList } from '../header-list.js';
import { forwardsHeader, type ForwardingPolicies } from './origin-headers.js';

/**
 * R87: of the origin's `Vary` the viewer sees `Accept-Encoding`, `Cookie` and the headers that are
 * forwarded to the origin.
 */
export function withForwardedVary(headers: HeaderList, policies: ForwardingPolicies): HeaderList {
  const vary = headerOf(headers, 'Vary');
  if (vary === undefined) return headers;
  const kept = vary
    .split(',')
    .map((name) => name.trim())
    .filter((name) => {
      const key = name.toLowerCase();
      return ['accept-encoding', 'cookie'].includes(key) || forwardsHeader(key, policies);
    });
  return kept.length === 0 ? withoutHeader(headers, 'Vary') : withHeader(headers, 'Vary', kept.join(', '));
}
