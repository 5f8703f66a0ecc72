import { TrustedServers, UrlTemplateImageryProvider } from 'cesium';

export function imagery(tiles) {
  const { hostname, port } = new URL(tiles);
  TrustedServers.add(hostname, Number(port) || 443);
  return new UrlTemplateImageryProvider({ url: tiles, maximumLevel: 2 });
}
