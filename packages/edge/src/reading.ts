/**
 * Reading a distribution and asking what CloudFront and S3 would answer, without the server: for programs that start
 * anew each time, because the server's libraries take longer to load than all of this.
 */
export { applyPolicy } from './cors/apply-policy.js';
export type { Behavior, Distribution } from './distribution/distribution.js';
export type { FolderFiles } from './distribution/folder-files.js';
export { formatFolderProblem, type JsonNode } from './distribution/json-node.js';
export type { ReadOptions } from './distribution/open-files.js';
export { readDistribution } from './distribution/read-distribution.js';
export { findBehavior } from './distribution/routing.js';
export type { HeaderList } from './header-list.js';
export { bucketCorsHeaders } from './origin/bucket-cors.js';
