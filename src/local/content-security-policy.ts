/** Where the demo page may load from beside itself. */
export interface PageHosts {
  readonly apiOrigin: string;
  readonly cdnOrigin: string;
}

/**
 * The demo page's Content-Security-Policy: nothing but its own scripts and styles, the API, and the
 * distribution. `blob:` is what hls.js plays from (media) and runs its demuxer in (worker).
 */
export function contentSecurityPolicy({ apiOrigin, cdnOrigin }: PageHosts): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    `img-src 'self' data: ${cdnOrigin}`,
    `media-src blob: ${cdnOrigin}`,
    `connect-src 'self' ${apiOrigin} ${cdnOrigin}`,
    'worker-src blob:',
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
