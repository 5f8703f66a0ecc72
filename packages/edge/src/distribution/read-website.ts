import type { RoutingRule, Website, WebsiteRedirect } from './distribution.js';
import type { JsonNode } from './json-node.js';

/** The host of a website endpoint: `bucket.s3-website-eu-west-1.amazonaws.com`, with a dot in newer regions. */
const WEBSITE_HOST = /^(?<bucket>.+)\.s3-website[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/;

/** The host of a REST endpoint: `bucket.s3.eu-west-1.amazonaws.com`, and the older and dual-stack names of it. */
const REST_HOST =
  /^(?<bucket>.+)\.s3(?:[.-](?!website[.-]|global\.)(?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;

/** What is taken where nobody says how the website answers. */
export const ASSUMED_WEBSITE: Omit<Website, 'bucketName'> = {
  indexSuffix: 'index.html',
  errorKey: null,
  redirectAllTo: null,
  routingRules: [],
};

/** The name of the bucket whose website endpoint this host is; null for any other host. */
export function websiteBucketOf(domainName: string): string | null {
  return WEBSITE_HOST.exec(domainName)?.groups?.['bucket'] ?? null;
}

/** The name of the bucket whose REST endpoint this host is; null for any other host. */
export function restBucketOf(domainName: string): string | null {
  return REST_HOST.exec(domainName)?.groups?.['bucket'] ?? null;
}

/** Reads the answer of `aws s3api get-bucket-website`, or the `WebsiteConfiguration` that put-bucket-website takes. */
export function readWebsite(root: JsonNode): Omit<Website, 'bucketName'> {
  const node = root.get('WebsiteConfiguration').isPresent ? root.get('WebsiteConfiguration') : root;
  const redirectAll = node.get('RedirectAllRequestsTo');
  const index = node.get('IndexDocument');
  if (!redirectAll.isPresent && !index.isPresent) {
    root.mistake('the answer of `aws s3api get-bucket-website`, with IndexDocument or RedirectAllRequestsTo');
  }
  const suffix = index.isPresent ? index.get('Suffix') : null;
  if (suffix?.optionalText().includes('/') === true) suffix.mistake('a name without a slash');
  const error = node.get('ErrorDocument');
  const rules = node.get('RoutingRules');
  return {
    indexSuffix: suffix?.text() ?? ASSUMED_WEBSITE.indexSuffix,
    errorKey: error.isPresent ? error.get('Key').text() : null,
    redirectAllTo: redirectAll.isPresent ? readRedirect(redirectAll) : null,
    routingRules: rules.isPresent ? rules.items().map(readRule) : [],
  };
}

function readRule(node: JsonNode): RoutingRule {
  const condition = node.get('Condition');
  const status = condition.get('HttpErrorCodeReturnedEquals');
  const redirect = node.get('Redirect');
  if (!redirect.isPresent) redirect.mistake('where to redirect');
  if (redirect.get('ReplaceKeyWith').isPresent && redirect.get('ReplaceKeyPrefixWith').isPresent) {
    redirect.get('ReplaceKeyWith').mistake('nothing beside ReplaceKeyPrefixWith');
  }
  return {
    keyPrefix: condition.get('KeyPrefixEquals').optionalText(),
    errorStatus: status.isPresent ? readStatus(status, 400, 599) : null,
    redirect: readRedirect(redirect),
  };
}

function readRedirect(node: JsonNode): WebsiteRedirect {
  const status = node.get('HttpRedirectCode');
  const protocol = node.get('Protocol');
  return {
    hostName: node.get('HostName').optionalText() || null,
    protocol: protocol.isPresent ? protocol.oneOf(['http', 'https']) : null,
    status: status.isPresent ? readStatus(status, 300, 399) : null,
    replaceKeyWith: textOrNull(node.get('ReplaceKeyWith')),
    replaceKeyPrefixWith: textOrNull(node.get('ReplaceKeyPrefixWith')),
  };
}

/** An empty text is a value here: the prefix is taken away. */
function textOrNull(node: JsonNode): string | null {
  return node.isPresent ? node.optionalText() : null;
}

/** AWS writes statuses as texts. */
function readStatus(node: JsonNode, from: number, to: number): number | null {
  const status = /^[0-9]{3}$/.test(String(node.value)) ? Number(node.value) : 0;
  return status >= from && status <= to ? status : node.mistake(`a status from ${from} to ${to}`);
}
