import type { KeyPair } from '../cloudfront/keys/key-pair.js';

/**
 * The commands that make a real distribution trust a new key, and the settings that follow. The name
 * carries the key's fingerprint: CloudFront wants names to be unique, and a repeated call to find its first.
 */
export function keyGroupSteps(pair: KeyPair, file: string | null): string {
  const name = `edgepass-${pair.fingerprint.replaceAll(':', '').slice(0, 12)}`;
  const config = JSON.stringify({
    CallerReference: name,
    Name: name,
    EncodedKey: pair.publicKeyPem,
    Comment: '',
  });
  return `Make CloudFront trust it (needs the aws command line and jq):

  # 1. Hand over the public key, and put it in a key group
  KEY=$(aws cloudfront create-public-key --query PublicKey.Id --output text --public-key-config \\
    '${config}')
  GROUP=$(aws cloudfront create-key-group --query KeyGroup.Id --output text \\
    --key-group-config "Name=${name},Items=$KEY")

  # 2. Attach the group to the behavior that serves the private files (here: the default one)
  DISTRIBUTION=E1234567890ABC
  aws cloudfront get-distribution-config --id "$DISTRIBUTION" > distribution.json
  jq --arg group "$GROUP" '.DistributionConfig
    | .DefaultCacheBehavior.TrustedKeyGroups = {Enabled: true, Quantity: 1, Items: [$group]}' \\
    distribution.json > trusting.json
  aws cloudfront update-distribution --id "$DISTRIBUTION" --distribution-config file://trusting.json \\
    --if-match "$(jq -r .ETag distribution.json)"

  # Instead, to rotate: add the key to the group that is attached already, change the settings below
  # when the distribution is deployed, and take the old key out once its last cookie has expired
  # (GRANT_MAX_TTL_SECONDS).

Then set:

  CLOUDFRONT_KEY_PAIR_ID=the value of $KEY
  ${file === null ? 'CLOUDFRONT_PRIVATE_KEY=the private key, from your secret store' : `CLOUDFRONT_PRIVATE_KEY_FILE=${file}`}
${
  file === null
    ? ''
    : `
or let id and key change together by one rename: begin the file with the line

  Key-Pair-Id: the value of $KEY
`
}`;
}
