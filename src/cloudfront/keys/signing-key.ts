import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import type { CloudFrontFault, CloudFrontField, FieldNames } from '../fault.js';
import { readPemText, type PemBlock } from './pem-text.js';

/** A key that CloudFront accepts (RSA-2048 or ECDSA P-256), parsed once. */
export interface SigningKey {
  readonly keyPairId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicKeyPem: string;
  /** SHA-256 of the SPKI DER, hex with colons. */
  readonly fingerprint: string;
  readonly type: 'RSA-2048' | 'P-256';
}

export interface SigningKeySource {
  readonly text: string;
  /** The path of the file that the text was read from, for messages; `null`: it was handed in as a text. */
  readonly file: string | null;
  /** The id that was set; `null` where the text itself begins with `Key-Pair-Id: K…`. */
  readonly keyPairId: string | null;
  /** For the sentences. */
  readonly names: FieldNames;
}

export type SigningKeyResult = { readonly key: SigningKey } | { readonly fault: CloudFrontFault };

const EXPECTED_KEY = 'an RSA-2048 or ECDSA P-256 private key as PEM';
const EXPECTED_ID = 'the id of the public key in CloudFront, letters and digits, such as K2JCJMDEHXQW5F';
const MAKE_ONE = 'make one with: edgepass keys ecdsa';

/** What a PEM block is, when it is no private key that can be read here. */
const WRONG_BLOCKS: Readonly<Record<string, { readonly found: string; readonly todo: string }>> = {
  'PUBLIC KEY': {
    found: 'a public key',
    todo: 'this goes to CloudFront; give the private key that belongs to it',
  },
  'RSA PUBLIC KEY': {
    found: 'a public key',
    todo: 'this goes to CloudFront; give the private key that belongs to it',
  },
  CERTIFICATE: { found: 'a certificate', todo: `CloudFront keys have no certificate; ${MAKE_ONE}` },
  'ENCRYPTED PRIVATE KEY': {
    found: 'an encrypted private key',
    todo: 'take the passphrase off: openssl pkcs8 -in key.pem -out plain.pem',
  },
  'OPENSSH PRIVATE KEY': {
    found: 'a key in the form of OpenSSH',
    todo: 'convert a copy of it: ssh-keygen -p -m PKCS8 -N "" -f copy-of-key',
  },
};
const READABLE_BLOCKS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'DSA PRIVATE KEY'];

/**
 * Takes the text of a private key in any form that docs/settings.md names; gives the key parsed once, with its id,
 * public key and fingerprint, or the one fault that stops the start.
 */
export function loadSigningKey(source: SigningKeySource): SigningKeyResult {
  const pemText = readPemText(source.text);
  if ('fault' in pemText) {
    return keyFault(
      source,
      pemText.fault,
      pemText.fault === 'nothing' ? MAKE_ONE : 'give the whole PEM, BEGIN and END lines included',
    );
  }
  const parsed = parseKey(source, pemText.block);
  if ('fault' in parsed) return parsed;
  const id = chooseKeyPairId(source, pemText.keyPairId);
  if ('fault' in id) return id;

  const { privateKey, publicKey, type } = parsed;
  const spkiDer = publicKey.export({ type: 'spki', format: 'der' });
  return {
    key: {
      keyPairId: id.keyPairId,
      privateKey,
      publicKey,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      fingerprint: colonHex(createHash('sha256').update(spkiDer).digest()),
      type,
    },
  };
}

function parseKey(
  source: SigningKeySource,
  block: PemBlock,
): Pick<SigningKey, 'privateKey' | 'publicKey' | 'type'> | { readonly fault: CloudFrontFault } {
  const wrong = block.encrypted ? WRONG_BLOCKS['ENCRYPTED PRIVATE KEY'] : WRONG_BLOCKS[block.label];
  if (wrong !== undefined) return keyFault(source, wrong.found, wrong.todo);
  if (!READABLE_BLOCKS.includes(block.label)) return keyFault(source, 'a PEM of another kind', MAKE_ONE);

  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(block.pem);
  } catch {
    // OpenSSL's own words are dropped: they help nobody and may one day quote what they choked on.
    return keyFault(
      source,
      'a truncated or damaged PEM',
      'give the whole PEM; compare its length with the original',
    );
  }
  const type = typeOf(privateKey);
  if (type === null)
    return keyFault(source, describeKey(privateKey), `CloudFront takes nothing else; ${MAKE_ONE}`);
  const publicKey = createPublicKey(privateKey);
  if (!signsForItself(privateKey, publicKey)) {
    return keyFault(
      source,
      'a damaged key: it cannot verify its own signature',
      'give the PEM as it was made',
    );
  }
  return { privateKey, publicKey, type };
}

function typeOf(key: KeyObject): SigningKey['type'] | null {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa' && details?.modulusLength === 2048) return 'RSA-2048';
  if (key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1') return 'P-256';
  return null;
}

function describeKey(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') return `an RSA key of ${details?.modulusLength ?? 'unknown'} bits`;
  if (key.asymmetricKeyType === 'ec')
    return `an ECDSA key on the curve ${details?.namedCurve ?? 'without a name'}`;
  return `a key of type ${key.asymmetricKeyType ?? 'unknown'}`;
}

/** A key with a damaged number inside parses well and signs rubbish. */
function signsForItself(privateKey: KeyObject, publicKey: KeyObject): boolean {
  const probe = Buffer.from('edgepass');
  try {
    return verify('sha256', probe, publicKey, sign('sha256', probe, privateKey));
  } catch {
    return false;
  }
}

function chooseKeyPairId(
  source: SigningKeySource,
  written: string | null,
): { readonly keyPairId: string } | { readonly fault: CloudFrontFault } {
  const { keyPairId: configured, names } = source;
  const place = source.file ?? names.privateKey;
  // A malformed id is described, never quoted: it may be a key pasted into the wrong place.
  if (configured !== null && !isKeyPairId(configured)) {
    return idFault(
      'keyPairId',
      describeId(configured),
      'copy the id from the CloudFront console, Public keys',
    );
  }
  if (written !== null && !isKeyPairId(written)) {
    return idFault(
      fieldOf(source),
      foundIn(source, `in its Key-Pair-Id line ${describeId(written)}`),
      'copy the id from the CloudFront console, Public keys',
    );
  }
  if (configured !== null && written !== null && configured !== written) {
    return idFault(
      'keyPairId',
      `${configured}, while ${place} says Key-Pair-Id: ${written}`,
      `remove ${names.keyPairId}, so that id and key change together`,
    );
  }
  const keyPairId = configured ?? written;
  if (keyPairId !== null) return { keyPairId };
  return idFault(
    'keyPairId',
    'nothing',
    `set ${names.keyPairId}, or begin ${place} with the line Key-Pair-Id: K…`,
  );
}

function describeId(value: string): string {
  return value === ''
    ? 'nothing'
    : `${value.length} characters that are not only letters and digits, or too many`;
}

function keyFault(
  source: SigningKeySource,
  found: string,
  todo: string,
): { readonly fault: CloudFrontFault } {
  return {
    fault: {
      field: fieldOf(source),
      expected: EXPECTED_KEY,
      found: foundIn(source, found),
      todo,
    },
  };
}

function foundIn({ file }: SigningKeySource, found: string): string {
  return file === null ? found : `${file}: ${found}`;
}

function fieldOf({ file }: SigningKeySource): CloudFrontField {
  return file === null ? 'privateKey' : 'privateKeyFile';
}

function idFault(field: CloudFrontField, found: string, todo: string): { readonly fault: CloudFrontFault } {
  return { fault: { field, expected: EXPECTED_ID, found, todo } };
}

function colonHex(bytes: Buffer): string {
  return bytes.toString('hex').replace(/(..)(?!$)/g, '$1:');
}

/** What an id must look like to be looked up at all; a PEM or an empty text is answered MissingKey (R56). */
const KEY_PAIR_ID = /^[A-Za-z0-9]{1,64}$/;

export function isKeyPairId(value: string): boolean {
  return KEY_PAIR_ID.test(value);
}
