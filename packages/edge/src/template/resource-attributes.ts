/** What is known of the stack that a template would become. */
export interface Stack {
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
  readonly urlSuffix: string;
  readonly name: string;
}

/** A resource as far as other resources see it. */
export interface NamedResource {
  readonly logicalId: string;
  readonly type: string;
  /** As edge.json gives it, or as the template does; null: AWS makes one. */
  readonly physicalId: string | null;
}

/** Regions whose website endpoints have a hyphen before the region (AWS, "Amazon S3 website endpoints"). */
const HYPHEN_REGIONS = [
  'us-east-1',
  'us-west-1',
  'us-west-2',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-northeast-1',
  'eu-west-1',
  'sa-east-1',
  'us-gov-west-1',
];

/**
 * What `Ref` gives of a resource (AWS, "Return values" of each resource type). An id that AWS would make is the logical
 * id here; of a bucket it is what CloudFormation puts before its random end.
 */
export function referenceTo({ logicalId, type, physicalId }: NamedResource, stack: Stack): string {
  if (physicalId !== null) {
    return type === 'AWS::CloudFront::Function' ? functionArn(physicalId, stack) : physicalId;
  }
  switch (type) {
    case 'AWS::S3::Bucket':
      return `${stack.name}-${logicalId}`.toLowerCase();
    case 'AWS::CloudFront::Function':
      return functionArn(logicalId, stack);
    default:
      return logicalId;
  }
}

/** What `Fn::GetAtt` gives; of resources that are none of CloudFront or S3 a text that stands for it. */
export function attributeOf(resource: NamedResource, attribute: string, stack: Stack): string {
  const { logicalId, type } = resource;
  const name = referenceTo(resource, stack);
  const s3 = type === 'AWS::S3::Bucket' ? bucketAttribute(name, attribute, stack) : null;
  if (s3 !== null) return s3;
  switch (`${type}.${attribute}`) {
    case 'AWS::CloudFront::Function.FunctionARN':
    case 'AWS::CloudFront::Function.FunctionMetadata.FunctionARN':
      return name;
    case 'AWS::CloudFront::KeyValueStore.Arn':
      return `arn:${stack.partition}:cloudfront::${stack.accountId}:key-value-store/${name}`;
    case 'AWS::CloudFront::Distribution.DomainName':
      return `${logicalId.toLowerCase()}.cloudfront.net`;
    default:
  }
  if (attribute === 'Id') return name;
  // A stand-in has the form of what it stands for, because templates take hosts and names out of these texts.
  if (/ur[li]$|endpoint$/i.test(attribute)) return `https://${logicalId.toLowerCase()}.invalid/`;
  if (/arn$/i.test(attribute)) {
    return `arn:${stack.partition}:service:${stack.region}:${stack.accountId}:${logicalId}`;
  }
  return /name$/i.test(attribute) ? `${logicalId.toLowerCase()}.invalid` : `${logicalId}.${attribute}`;
}

function functionArn(name: string, { partition, accountId }: Stack): string {
  return name.startsWith('arn:') ? name : `arn:${partition}:cloudfront::${accountId}:function/${name}`;
}

function bucketAttribute(name: string, attribute: string, stack: Stack): string | null {
  const { region, partition, urlSuffix } = stack;
  switch (attribute) {
    case 'Arn':
      return `arn:${partition}:s3:::${name}`;
    case 'DomainName':
      return `${name}.s3.${urlSuffix}`;
    case 'RegionalDomainName':
      return `${name}.s3.${region}.${urlSuffix}`;
    case 'DualStackDomainName':
      return `${name}.s3.dualstack.${region}.${urlSuffix}`;
    case 'WebsiteURL':
      return `http://${name}.s3-website${HYPHEN_REGIONS.includes(region) ? '-' : '.'}${region}.${urlSuffix}`;
    default:
      return null;
  }
}

/** The partition and the suffix of its addresses follow from the region (AWS, "Pseudo parameters reference"). */
export function partitionOf(region: string): Pick<Stack, 'partition' | 'urlSuffix'> {
  if (region.startsWith('cn-')) return { partition: 'aws-cn', urlSuffix: 'amazonaws.com.cn' };
  const partition = region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return { partition, urlSuffix: 'amazonaws.com' };
}
