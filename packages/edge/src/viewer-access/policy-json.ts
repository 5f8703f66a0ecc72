import type { ValueNode } from '@humanwhocodes/momoa';
import { parse } from '@humanwhocodes/momoa';

/** A JSON value that keeps what `JSON.parse` loses: duplicate members, and the digits of a number. */
export type PolicyJson =
  | { readonly type: 'object'; readonly members: readonly (readonly [name: string, value: PolicyJson])[] }
  | { readonly type: 'array'; readonly elements: readonly PolicyJson[] }
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'number'; readonly digits: string }
  | { readonly type: 'other' };

/** Reads strict JSON in UTF-8, whitespace between tokens allowed (R11). Null when it is not that. */
export function readPolicyJson(bytes: Buffer): PolicyJson | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // momoa lets control characters stand inside strings, JSON.parse does not.
    JSON.parse(text);
    return convert(parse(text, { mode: 'json', ranges: true }).body, text);
  } catch {
    return null;
  }
}

function convert(node: ValueNode, text: string): PolicyJson {
  switch (node.type) {
    case 'Object':
      return {
        type: 'object',
        members: node.members.map(({ name, value }) => [
          name.type === 'String' ? name.value : name.name,
          convert(value, text),
        ]),
      };
    case 'Array':
      return { type: 'array', elements: node.elements.map(({ value }) => convert(value, text)) };
    case 'String':
      return { type: 'string', text: node.value };
    case 'Number':
      return { type: 'number', digits: text.slice(...(node.range ?? [0, 0])) };
    case 'Boolean':
    case 'Null':
    case 'NaN':
    case 'Infinity':
      return { type: 'other' };
  }
}
