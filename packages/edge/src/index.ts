/**
 * The local edge for other programs: read a distribution's folder, ask it what CloudFront and S3 would decide, or
 * let it listen.
 */
export { applyPolicy } from './cors/apply-policy.js';
export type {
  Behavior,
  CorsConfig,
  Distribution,
  FolderOriginDescription,
  ResponseHeadersPolicy,
} from './distribution/distribution.js';
export type { FolderFiles } from './distribution/folder-files.js';
export { formatFolderProblem, type FolderProblem, type JsonNode } from './distribution/json-node.js';
export type { ReadOptions } from './distribution/open-files.js';
export { readDistribution, type DistributionResult } from './distribution/read-distribution.js';
export { findBehavior } from './distribution/routing.js';
export type { HeaderList } from './header-list.js';
export { bucketCorsHeaders, type BucketCors } from './origin/bucket-cors.js';
export { startEdgeServer, type EdgeServer, type EdgeServerOptions } from './server.js';
export {
  authorizeViewer,
  type AccessContext,
  type AccessDecision,
  type AccessRequest,
} from './viewer-access/authorize-viewer.js';
