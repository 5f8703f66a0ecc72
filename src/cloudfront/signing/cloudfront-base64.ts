/** Base64 as CloudFront writes it in cookies: `+` `=` `/` become `-` `_` `~` (R4). This is not base64url. */
export function toCloudFrontBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
}

/** The bytes behind {@link toCloudFrontBase64}. */
export function fromCloudFrontBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64');
}
