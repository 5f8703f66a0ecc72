// The local stack; in production the addresses of your API and your CDN.
const domain = location.hostname.replace(/^app\./, '');
const query = new URLSearchParams(location.search);

export const API_URL = query.get('api') ?? `https://api.${domain}:3001`;
export const CDN_URL = query.get('cdn') ?? `https://cdn.${domain}:3002`;
