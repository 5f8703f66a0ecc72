/** What another Nest application imports. */
export { GrantsModule } from './grants/grants.module.js';
export type {
  GrantsModuleAsyncOptions,
  GrantsModuleOptions,
  GrantsOptions,
  HostPorts,
  PortToken,
} from './grants/grants.module.js';
export type {
  GrantRecord,
  MayOpen,
  Permission,
  RecordGrant,
  StoredGrant,
  ViewerPort,
} from './grants/ports.js';
export type { Viewer } from './authentication/viewer.js';

export { CloudFrontModule } from './cloudfront/cloudfront.module.js';
export { CloudFrontOptionsError, CloudFrontService } from './cloudfront/cloudfront.service.js';
export type {
  CloudFrontDescription,
  CloudFrontOptions,
  CookieResponse,
  CookieViewer,
} from './cloudfront/cloudfront.service.js';
export type { HeldGrant, HeldGrants } from './cloudfront/cookies/held-grants.js';
export type { CookieSet } from './cloudfront/cookies/set-cookie.js';
export type { SignedUrl } from './cloudfront/signed-url.js';
export { ancestorsOf, escapedPrefix, readPrefix } from './cloudfront/prefix.js';
export type { Prefix, PrefixFault, PrefixRefusal } from './cloudfront/prefix.js';

export { Problem } from './http/problems/problem.js';
export { ProblemFilter } from './http/problems/problem.filter.js';
export type { ProblemCode } from './http/problems/problem-codes.js';
export type { Clock } from './operation/clock.js';
