import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** The namespace of CloudFront's own XML, which every answer names. */
const CLOUDFRONT_NAMESPACE = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** An element to write: its name, and its text or its children in order. */
export type Element = readonly [name: string, content: string | readonly Element[]];

/** Writes a document whose root carries CloudFront's namespace. */
export function writeXml([name, content]: Element): string {
  return `${DECLARATION}<${name} xmlns="${CLOUDFRONT_NAMESPACE}">${write(content)}</${name}>`;
}

/** Reads a document; null when it is none. A document type, which could define entities, is none either. */
export function readXml(text: string): XmlElement | null {
  if (text.includes('<!DOCTYPE')) return null;
  try {
    return parseXml(text).root;
  } catch {
    return null;
  }
}

/** The children of that name. */
export function childrenNamed(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return (element?.children ?? []).filter(
    (child): child is XmlElement => child instanceof XmlElement && child.name === name,
  );
}

function write(content: string | readonly Element[]): string {
  if (typeof content === 'string') return escapeXml(content);
  return content.map(([name, inner]) => `<${name}>${write(inner)}</${name}>`).join('');
}

/** Text as it may stand between tags and in an attribute. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
