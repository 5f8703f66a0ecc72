/** One PEM block, its body re-wrapped; the text around it is gone. */
export interface PemBlock {
  readonly label: string;
  readonly pem: string;
  /** Traditional OpenSSL encryption inside the block (`Proc-Type: 4,ENCRYPTED`). */
  readonly encrypted: boolean;
}

export type PemText = {
  /** From a leading line `Key-Pair-Id: K…`, as written there. */
  readonly keyPairId: string | null;
} & ({ readonly block: PemBlock } | { readonly fault: string });

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const KEY_PAIR_ID_LINE = /^Key-Pair-Id:([^\n]*)(?:\n|$)/i;
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([\s\S]*?)-----END \1-----/g;

/**
 * Finds the one PEM block in a text that came through a shell, a .env file, YAML or a secret store:
 * real newlines, `\n` escapes, CRLF, blanks for newlines, quotes, leading blanks, base64 of the PEM.
 * Gives the block, or the fault in words that hold nothing of the text.
 */
export function readPemText(raw: string): PemText {
  const unwrapped = unwrap(raw);
  const text = unwrapped.includes('-----') ? unwrapped : (decoded(unwrapped) ?? unwrapped);
  const idLine = KEY_PAIR_ID_LINE.exec(text);
  const keyPairId = idLine === null ? null : (idLine[1] ?? '').trim();
  const body = idLine === null ? text : text.slice(idLine[0].length);
  return { keyPairId, ...readBlock(body) };
}

function readBlock(text: string): { readonly block: PemBlock } | { readonly fault: string } {
  if (text.trim() === '') return { fault: 'nothing' };
  const blocks = [...text.matchAll(BLOCK)]
    .map((match) => ({ label: match[1] ?? '', body: match[2] ?? '' }))
    // `openssl ecparam -genkey` writes the curve in a block of its own before the key.
    .filter((block) => block.label !== 'EC PARAMETERS');
  const [first] = blocks;
  if (first === undefined) return { fault: faultWithoutBlock(text) };
  if (blocks.length > 1) return { fault: `${blocks.length} PEM blocks` };
  const encrypted = first.body.includes('ENCRYPTED');
  const base64 = first.body.replace(/\s+/g, '');
  if (!encrypted && !BASE64.test(base64))
    return { fault: 'a PEM block that is damaged: its body is not base64' };
  const lines = base64.match(/.{1,64}/g) ?? [];
  const pem = [`-----BEGIN ${first.label}-----`, ...lines, `-----END ${first.label}-----`, ''].join('\n');
  return { block: { label: first.label, pem, encrypted } };
}

function faultWithoutBlock(text: string): string {
  if (text.includes('-----BEGIN ')) return 'a truncated PEM: the END line is missing or names another kind';
  if (text.includes('-----END ')) return 'a truncated PEM: the BEGIN line is missing';
  // The body of the smallest key is far longer than any word.
  if (text.length >= 100 && BASE64.test(text.replace(/\s+/g, ''))) {
    return 'base64 that is not the base64 of a PEM (the BEGIN and END lines belong to it)';
  }
  return 'a text that is no PEM';
}

/** Takes off the byte order mark, quotes and escapes that the text gathered on its way. */
function unwrap(raw: string): string {
  const trimmed = raw.replace(/^\uFEFF/, '').trim();
  const quoted = /^(["'])([\s\S]*)\1$/.exec(trimmed);
  return (quoted?.[2] ?? trimmed)
    .replace(/\\r\\n|\\n|\\r/g, '\n')
    .replace(/\r\n?/g, '\n')
    .trim();
}

function decoded(text: string): string | null {
  const base64 = text.replace(/\s+/g, '');
  if (!BASE64.test(base64)) return null;
  const plain = unwrap(Buffer.from(base64, 'base64').toString('latin1'));
  return plain.includes('-----') ? plain : null;
}
