import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// Its types name the library of the DOM, which would count for every file of the program.
const { parse } = createRequire(import.meta.url)('@cdktn/hcl2json') as {
  readonly parse: (fileName: string, text: string) => Promise<unknown>;
};

type Json = Readonly<Record<string, unknown>>;

/** A module as HashiCorp's own parser gives it: kind → name → one block in a list. */
interface Module {
  readonly resource: Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>>;
  readonly data: Readonly<Record<string, Readonly<Record<string, readonly Json[]>>>>;
}

/** Arguments whose name in CloudFormation is no mere change of case. */
const NAMES: Readonly<Record<string, string>> = {
  access_control_max_age_sec: 'AccessControlMaxAgeSec',
  acm_certificate_arn: 'AcmCertificateArn',
  cors_rule: 'CorsRules',
  expose_headers: 'ExposedHeaders',
  is_ipv6_enabled: 'IPV6Enabled',
  max_age_seconds: 'MaxAge',
  name: 'Name',
  origin: 'Origins',
  origin_id: 'Id',
};
/** Blocks that may be repeated; the others are one object. */
const LISTS = ['origin', 'cors_rule', 'custom_headers_config.items'];
/** What a reference to an attribute is in CloudFormation. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  arn: 'Arn',
  bucket_regional_domain_name: 'RegionalDomainName',
};
/** Which resource of CloudFormation a resource of Terraform is, and the member that holds its arguments. */
const RESOURCES: Readonly<Record<string, readonly [type: string, member: string]>> = {
  aws_cloudfront_distribution: ['AWS::CloudFront::Distribution', 'DistributionConfig'],
  aws_cloudfront_key_group: ['AWS::CloudFront::KeyGroup', 'KeyGroupConfig'],
  aws_cloudfront_public_key: ['AWS::CloudFront::PublicKey', 'PublicKeyConfig'],
  aws_cloudfront_origin_access_control: ['AWS::CloudFront::OriginAccessControl', 'OriginAccessControlConfig'],
  aws_cloudfront_response_headers_policy: [
    'AWS::CloudFront::ResponseHeadersPolicy',
    'ResponseHeadersPolicyConfig',
  ],
  aws_s3_bucket_cors_configuration: ['AWS::S3::Bucket', 'CorsConfiguration'],
};

/**
 * The module infra/terraform as a CloudFormation template, by a table of names, so that both can be compared: with one
 * public key `first`, and variables as they are given.
 */
export async function terraformAsTemplate(file: string, variables: Json): Promise<Json> {
  const module = (await parse('main.tf', readFileSync(file, 'utf8'))) as Module;
  const resources: Record<string, object> = {};
  const translate = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'string') return expression(value, variables);
    if (Array.isArray(value)) return value.map((item) => translate(item, path));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        const isBlock = Array.isArray(inner) && inner.every((item) => typeof item === 'object');
        const here = [...path, name];
        const isList = LISTS.some((list) => here.join('.').endsWith(list));
        const content = isBlock && !isList ? (inner as readonly unknown[])[0] : inner;
        return [NAMES[name] ?? pascal(name), translate(content, here)];
      }),
    );
  };
  for (const [kind, byName] of Object.entries(module.resource)) {
    for (const [name, [block]] of Object.entries(byName)) {
      const known = RESOURCES[kind];
      if (known === undefined) continue;
      const [type, member] = known;
      const { for_each: _each, bucket: _bucket, ...written } = block ?? {};
      const id = type === 'AWS::S3::Bucket' ? `aws_s3_bucket_${name}` : `${kind}_${name}`;
      resources[alphanumeric(id)] = { Type: type, Properties: { [member]: translate(written, []) } };
    }
  }
  const statements = module.data['aws_iam_policy_document']?.['media']?.[0]?.['statement'];
  resources['policy'] = {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'awss3bucketmedia' },
      PolicyDocument: { Statement: (statements as readonly Json[]).map((one) => statement(one, variables)) },
    },
  };
  return { Resources: resources };
}

/** One statement of an `aws_iam_policy_document` as IAM writes it. */
function statement(block: Json, variables: Json): Json {
  const [principals] = block['principals'] as readonly { type: string; identifiers: readonly string[] }[];
  const [condition] = block['condition'] as readonly { test: string; variable: string; values: string[] }[];
  const texts = (list: unknown) => (list as readonly string[]).map((text) => expression(text, variables));
  return {
    Effect: block['effect'],
    Action: block['actions'],
    Resource: texts(block['resources']),
    Principal: { [principals?.type ?? '']: principals?.identifiers },
    Condition: { [condition?.test ?? '']: { [condition?.variable ?? '']: texts(condition?.values) } },
  };
}

/** The few expressions that the module uses; another one is an error, so that none is passed over. */
function expression(text: string, variables: Json): unknown {
  if (text === '${each.value}') return (variables['public_keys'] as Json)['first'];
  if (text === '${[for key in aws_cloudfront_public_key.viewers : key.id]}') {
    return [{ Ref: 'awscloudfrontpublickeyviewers' }];
  }
  const whole = /^\$\{([^{}]+)\}$/.exec(text)?.[1];
  if (whole !== undefined) return reference(whole, variables);
  const parts = text.split(/(\$\{[^{}]+\})/).filter((part) => part !== '');
  if (parts.length === 1) return text;
  return { 'Fn::Join': ['', parts.map((part) => expression(part, variables))] };
}

function reference(written: string, variables: Json): unknown {
  if (written === 'each.key') return 'first';
  const [kind = '', name = '', attribute = ''] = written.split('.');
  if (kind === 'var' && name in variables) return variables[name];
  if (!kind.startsWith('aws_'))
    throw new Error(`expected an expression that this test knows, found ${written}`);
  const id = alphanumeric(`${kind}_${name}`);
  if (kind === 'aws_cloudfront_distribution' && attribute === 'arn') {
    return { 'Fn::Sub': `arn:aws:cloudfront::\${AWS::AccountId}:distribution/\${${id}}` };
  }
  const known = ATTRIBUTES[attribute];
  return known === undefined ? { Ref: id } : { 'Fn::GetAtt': [id, known] };
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function alphanumeric(name: string): string {
  return name.replaceAll('_', '');
}
