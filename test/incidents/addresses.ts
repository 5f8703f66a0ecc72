/** The hosts of the first article: two apps, the API where it belongs and where it stood, and the CDN. */
export const APP = 'https://local.junlog.dev:3000';
export const SECOND_APP = 'https://admin.junlog.dev:3000';
export const API = 'https://local.junlog.dev:3001';
export const API_ON_LOCALHOST = 'https://localhost:3001';
export const CDN = 'https://dev.cloudfront.junlog.dev';

/** What lies below it is private; the viewer of the incidents may open it. */
export const PREFIX = 'courses/algebra';
