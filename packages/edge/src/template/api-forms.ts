import type { Place } from '../distribution/json-node.js';
import type { ReportMistake } from './evaluate-template.js';
import { itemsOf, membersOf, UNKNOWN, type TemplateValue } from './template-value.js';

/** How a value of CloudFormation is written in AWS's API. Scalars become the type that the API has. */
type Form =
  | 'text'
  | 'number'
  | 'flag'
  /** Left as it is. */
  | 'same'
  /** `[…]`, in the API `{ Quantity, Items }`; `enabled`: with `Enabled` beside them. */
  | { readonly list: Form; readonly enabled?: true }
  /** `{ Items: […] }`, in the API with `Quantity`. */
  | { readonly items: Form }
  | { readonly array: Form }
  /** A text, in the API the only member of an object. */
  | { readonly wrapped: string }
  | Members;

/** An object: the name of each member in CloudFormation, its form, and its name in the API where that differs. */
interface Members {
  readonly members: Readonly<Record<string, Form | readonly [name: string, form: Form]>>;
  /** What CloudFormation takes for members that are left out, where the API wants them. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Changes the object where names alone do not say it. */
  readonly finish?: (made: Record<string, unknown>) => void;
}

const TEXTS: Form = { list: 'text' };

const BEHAVIOR: Members = {
  members: {
    AllowedMethods: TEXTS,
    CachedMethods: TEXTS,
    CachePolicyId: 'text',
    Compress: 'flag',
    DefaultTTL: 'number',
    FieldLevelEncryptionId: 'text',
    ForwardedValues: {
      members: {
        Cookies: { members: { Forward: 'text', WhitelistedNames: TEXTS } },
        Headers: TEXTS,
        QueryString: 'flag',
        QueryStringCacheKeys: TEXTS,
      },
      defaults: { Cookies: { Forward: 'none' } },
    },
    FunctionAssociations: { list: { members: { EventType: 'text', FunctionARN: 'text' } } },
    GrpcConfig: { members: { Enabled: 'flag' } },
    LambdaFunctionAssociations: { list: 'same' },
    MaxTTL: 'number',
    MinTTL: 'number',
    OriginRequestPolicyId: 'text',
    PathPattern: 'text',
    RealtimeLogConfigArn: 'text',
    ResponseHeadersPolicyId: 'text',
    SmoothStreaming: 'flag',
    TargetOriginId: 'text',
    TrustedKeyGroups: { list: 'text', enabled: true },
    TrustedSigners: { list: 'text', enabled: true },
    ViewerProtocolPolicy: 'text',
  },
  finish: (made) => {
    const { AllowedMethods: allowed, CachedMethods: cached } = made;
    if (cached !== undefined) {
      delete made['CachedMethods'];
      made['AllowedMethods'] = {
        ...(allowed ?? { Quantity: 2, Items: ['GET', 'HEAD'] }),
        CachedMethods: cached,
      };
    }
    // Without a cache policy the settings before there were policies have a minimum TTL of 0.
    if (made['ForwardedValues'] !== undefined) made['MinTTL'] ??= 0;
  },
};

const ORIGIN: Members = {
  members: {
    ConnectionAttempts: 'number',
    ConnectionTimeout: 'number',
    CustomOriginConfig: {
      members: {
        HTTPPort: 'number',
        HTTPSPort: 'number',
        IpAddressType: 'text',
        OriginKeepaliveTimeout: 'number',
        OriginMtlsConfig: 'same',
        OriginProtocolPolicy: 'text',
        OriginReadTimeout: 'number',
        OriginSSLProtocols: ['OriginSslProtocols', TEXTS],
      },
    },
    DomainName: 'text',
    Id: 'text',
    OriginAccessControlId: 'text',
    OriginCustomHeaders: [
      'CustomHeaders',
      { list: { members: { HeaderName: 'text', HeaderValue: 'text' } } },
    ],
    OriginPath: 'text',
    OriginShield: { members: { Enabled: 'flag', OriginShieldRegion: 'text' } },
    ResponseCompletionTimeout: 'number',
    S3OriginConfig: { members: { OriginAccessIdentity: 'text', OriginReadTimeout: 'number' } },
    VpcOriginConfig: {
      members: {
        OriginKeepaliveTimeout: 'number',
        OriginReadTimeout: 'number',
        OwnerAccountId: 'text',
        VpcOriginId: 'text',
      },
    },
  },
};

/** Lists of origin groups have their quantity in CloudFormation too. */
const COUNTED = (form: Form): Form => ({ items: form });

const DISTRIBUTION: Members = {
  members: {
    Aliases: TEXTS,
    AnycastIpListId: 'text',
    CacheBehaviors: { list: BEHAVIOR },
    Comment: 'text',
    ConnectionFunctionAssociation: { members: { Id: 'text' } },
    ConnectionMode: 'text',
    ContinuousDeploymentPolicyId: 'text',
    CustomErrorResponses: {
      list: {
        members: {
          ErrorCachingMinTTL: 'number',
          ErrorCode: 'number',
          ResponseCode: 'text',
          ResponsePagePath: 'text',
        },
      },
    },
    DefaultCacheBehavior: BEHAVIOR,
    DefaultRootObject: 'text',
    Enabled: 'flag',
    HttpVersion: 'text',
    IPV6Enabled: ['IsIPV6Enabled', 'flag'],
    Logging: 'same',
    OriginGroups: COUNTED({
      members: {
        FailoverCriteria: { members: { StatusCodes: COUNTED('number') } },
        Id: 'text',
        Members: COUNTED({ members: { OriginId: 'text' } }),
        SelectionCriteria: 'text',
      },
    }),
    Origins: { list: ORIGIN },
    PriceClass: 'text',
    Restrictions: {
      members: {
        GeoRestriction: { members: { Locations: ['Items', { array: 'text' }], RestrictionType: 'text' } },
      },
    },
    Staging: 'flag',
    TenantConfig: { members: { ParameterDefinitions: { array: 'same' } } },
    ViewerCertificate: 'same',
    ViewerMtlsConfig: 'same',
    WebACLId: 'text',
  },
};

const HEADERS_CONFIG: Members = { members: { HeaderBehavior: 'text', Headers: TEXTS } };
const COOKIES_CONFIG: Members = { members: { CookieBehavior: 'text', Cookies: TEXTS } };
const QUERY_STRINGS_CONFIG: Members = { members: { QueryStringBehavior: 'text', QueryStrings: TEXTS } };

const CACHE_POLICY: Members = {
  members: {
    Comment: 'text',
    DefaultTTL: 'number',
    MaxTTL: 'number',
    MinTTL: 'number',
    Name: 'text',
    ParametersInCacheKeyAndForwardedToOrigin: {
      members: {
        CookiesConfig: COOKIES_CONFIG,
        EnableAcceptEncodingBrotli: 'flag',
        EnableAcceptEncodingGzip: 'flag',
        HeadersConfig: HEADERS_CONFIG,
        QueryStringsConfig: QUERY_STRINGS_CONFIG,
      },
    },
  },
};

const ORIGIN_REQUEST_POLICY: Members = {
  members: {
    Comment: 'text',
    CookiesConfig: COOKIES_CONFIG,
    HeadersConfig: HEADERS_CONFIG,
    Name: 'text',
    QueryStringsConfig: QUERY_STRINGS_CONFIG,
  },
};

const RESPONSE_HEADERS_POLICY: Members = {
  members: {
    Comment: 'text',
    CorsConfig: {
      members: {
        AccessControlAllowCredentials: 'flag',
        AccessControlAllowHeaders: { items: 'text' },
        AccessControlAllowMethods: { items: 'text' },
        AccessControlAllowOrigins: { items: 'text' },
        AccessControlExposeHeaders: { items: 'text' },
        AccessControlMaxAgeSec: 'number',
        OriginOverride: 'flag',
      },
    },
    CustomHeadersConfig: { items: { members: { Header: 'text', Override: 'flag', Value: 'text' } } },
    Name: 'text',
    RemoveHeadersConfig: { items: { members: { Header: 'text' } } },
    SecurityHeadersConfig: {
      members: {
        ContentSecurityPolicy: { members: { ContentSecurityPolicy: 'text', Override: 'flag' } },
        ContentTypeOptions: { members: { Override: 'flag' } },
        FrameOptions: { members: { FrameOption: 'text', Override: 'flag' } },
        ReferrerPolicy: { members: { Override: 'flag', ReferrerPolicy: 'text' } },
        StrictTransportSecurity: {
          members: {
            AccessControlMaxAgeSec: 'number',
            IncludeSubdomains: 'flag',
            Override: 'flag',
            Preload: 'flag',
          },
        },
        XSSProtection: {
          members: { ModeBlock: 'flag', Override: 'flag', Protection: 'flag', ReportUri: 'text' },
        },
      },
    },
    ServerTimingHeadersConfig: { members: { Enabled: 'flag', SamplingRate: 'number' } },
  },
};

const REDIRECT: Members = {
  members: {
    HostName: 'text',
    HttpRedirectCode: 'text',
    Protocol: 'text',
    ReplaceKeyPrefixWith: 'text',
    ReplaceKeyWith: 'text',
  },
};

/** The configurations that the edge reads, by the resource that has them; the outermost names are those of the API. */
export const FORMS = {
  'AWS::CloudFront::Distribution': { members: { DistributionConfig: DISTRIBUTION } },
  'AWS::CloudFront::CachePolicy': { members: { CachePolicyConfig: CACHE_POLICY } },
  'AWS::CloudFront::OriginRequestPolicy': { members: { OriginRequestPolicyConfig: ORIGIN_REQUEST_POLICY } },
  'AWS::CloudFront::ResponseHeadersPolicy': {
    members: { ResponseHeadersPolicyConfig: RESPONSE_HEADERS_POLICY },
  },
  'AWS::CloudFront::KeyGroup': {
    members: { KeyGroupConfig: { members: { Comment: 'text', Items: { array: 'text' }, Name: 'text' } } },
  },
  'AWS::CloudFront::PublicKey': {
    members: {
      PublicKeyConfig: {
        members: { CallerReference: 'text', Comment: 'text', EncodedKey: 'text', Name: 'text' },
      },
    },
  },
  'AWS::CloudFront::OriginAccessControl': {
    members: {
      OriginAccessControlConfig: {
        members: {
          Description: 'text',
          Name: 'text',
          OriginAccessControlOriginType: 'text',
          SigningBehavior: 'text',
          SigningProtocol: 'text',
        },
      },
    },
  },
  'AWS::CloudFront::Function': { members: { FunctionCode: 'text', FunctionConfig: 'same', Name: 'text' } },
  'AWS::S3::Bucket': {
    members: {
      CorsConfiguration: {
        members: {
          CorsRules: [
            'CORSRules',
            {
              array: {
                members: {
                  AllowedHeaders: { array: 'text' },
                  AllowedMethods: { array: 'text' },
                  AllowedOrigins: { array: 'text' },
                  ExposedHeaders: ['ExposeHeaders', { array: 'text' }],
                  Id: ['ID', 'text'],
                  MaxAge: ['MaxAgeSeconds', 'number'],
                },
              },
            },
          ],
        },
      },
      WebsiteConfiguration: {
        members: {
          ErrorDocument: { wrapped: 'Key' },
          IndexDocument: { wrapped: 'Suffix' },
          RedirectAllRequestsTo: { members: { HostName: 'text', Protocol: 'text' } },
          RoutingRules: {
            array: {
              members: {
                RedirectRule: ['Redirect', REDIRECT],
                RoutingRuleCondition: [
                  'Condition',
                  { members: { HttpErrorCodeReturnedEquals: 'text', KeyPrefixEquals: 'text' } },
                ],
              },
            },
          },
        },
      },
    },
  },
} as const satisfies Readonly<Record<string, Members>>;

/** A value in the form of AWS's API, and where each part of it stands in the template. */
export interface ApiForm {
  readonly value: unknown;
  readonly places: Map<string, Place>;
}

/** Translates the properties of a resource; `file` is the template as messages name it. */
export function toApiForm(
  properties: TemplateValue,
  type: keyof typeof FORMS,
  file: string,
  report: ReportMistake,
): ApiForm {
  const places = new Map<string, Place>();
  const translate = (value: TemplateValue, form: Form, apiPath: string): unknown => {
    const { content } = value;
    // The quantity of a list follows from its items.
    const listed = typeof form === 'object' && 'items' in form ? membersOf(value)?.get('Items') : undefined;
    const isUnknown = isUnknownList(value) || (listed !== undefined && isUnknownList(listed));
    const place = { file: `${file}:${value.line}`, path: value.path, isUnknown };
    places.set(apiPath, place);
    if (content === UNKNOWN) return undefined;
    if (typeof form === 'string') return scalarOf(value, form, translate, apiPath);
    const below = (name: string) => (apiPath === '' ? name : `${apiPath}.${name}`);
    const each = (list: TemplateValue, inner: Form, path: string) =>
      itemsOf(list)?.map((item, index) => translate(item, inner, `${path}[${index}]`));
    if ('array' in form) {
      return each(value, form.array, apiPath) ?? translate(value, 'same', apiPath);
    }
    if ('wrapped' in form) return { [form.wrapped]: translate(value, 'text', below(form.wrapped)) };
    if ('list' in form) {
      places.set(below('Items'), place).set(below('Quantity'), place);
      const items = each(value, form.list, below('Items'));
      // What is no list stays as it is, and is a mistake of the reader.
      if (items === undefined) return { Items: translate(value, 'same', below('Items')) };
      const count = { Quantity: items.length, ...(items.length > 0 ? { Items: items } : {}) };
      return form.enabled === true ? { Enabled: items.length > 0, ...count } : count;
    }
    const members = membersOf(value);
    if (members === null) return translate(value, 'same', apiPath);
    if ('items' in form) {
      const list = members.get('Items');
      const made = list === undefined ? undefined : translate(list, { array: form.items }, below('Items'));
      return {
        Quantity: Array.isArray(made) ? made.length : 0,
        ...(made === undefined ? {} : { Items: made }),
      };
    }
    const made: Record<string, unknown> = {};
    for (const [name, member] of members) {
      const known = Object.hasOwn(form.members, name) ? form.members[name] : undefined;
      if (known === undefined) {
        const meant = Object.keys(form.members).find((other) => nameInApi(form, other) === name);
        if (meant !== undefined) {
          report(member, `${meant} as name, as CloudFormation has it`, `"${name}"`);
          continue;
        }
      }
      const [apiName, inner] = isRenamed(known) ? known : [name, known ?? 'same'];
      made[apiName] = translate(member, inner, below(apiName));
    }
    for (const [name, otherwise] of Object.entries(form.defaults ?? {})) made[name] ??= otherwise;
    form.finish?.(made);
    return made;
  };
  return { value: translate(properties, FORMS[type], ''), places };
}

/** Of a list that is known in part nobody can say that something is missing in it. */
function isUnknownList(value: TemplateValue): boolean {
  return value.content === UNKNOWN || itemsOf(value)?.some((item) => item.content === UNKNOWN) === true;
}

function nameInApi({ members }: Members, name: string): string {
  const form = members[name];
  return isRenamed(form) ? form[0] : name;
}

function isRenamed(form: Form | readonly [string, Form] | undefined): form is readonly [string, Form] {
  return Array.isArray(form);
}

/** CloudFormation takes `"86400"` for a number and `"true"` for a flag: parameters are texts. */
function scalarOf(
  value: TemplateValue,
  form: 'text' | 'number' | 'flag' | 'same',
  translate: (value: TemplateValue, form: Form, apiPath: string) => unknown,
  apiPath: string,
): unknown {
  const { content, text } = value;
  const items = itemsOf(value);
  if (items !== null) return items.map((item, index) => translate(item, 'same', `${apiPath}[${index}]`));
  const members = membersOf(value);
  if (members !== null) {
    return Object.fromEntries(
      [...members].map(([name, member]) => [name, translate(member, 'same', `${apiPath}.${name}`)]),
    );
  }
  if (form === 'text') return text ?? content;
  if (form === 'number' && typeof content === 'string' && /^\d{1,15}$/.test(content)) return Number(content);
  if (form === 'flag' && (content === 'true' || content === 'false')) return content === 'true';
  return content;
}
