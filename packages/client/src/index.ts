export { createEdgepassClient } from './edgepass-client.js';
export type {
  BrowserParts,
  EdgepassClient,
  EdgepassClientOptions,
  GrantOptions,
  SignedUrlOptions,
} from './edgepass-client.js';
export type { Access, AccessEvents } from './open.js';
export type { Diagnosis, Entitlement, Grant, GrantRecord, SignedUrl } from './answers.js';
export { EdgepassError, EdgepassLoadError, EdgepassNetworkError } from './errors.js';
export type { EdgepassErrorCode } from './errors.js';
export type { KeepGrantedOptions, GrantRenewal } from './keep-granted.js';
export { remainingLife } from './renewal-plan.js';
export type { RemainingLife } from './renewal-plan.js';
export { hlsConfig, videoJsOptions } from './players.js';
export type { HlsConfigOptions, HlsCredentialsConfig, VideoJsCredentialsOptions } from './players.js';
export { canReach } from './can-reach.js';
