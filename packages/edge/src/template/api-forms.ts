/** How a value of CloudFormation is written in AWS's API. Scalars become the type that the API has. */
export type Form =
  | 'text'
  | 'number'
  | 'flag'
  /** Left as it is. */
  | 'same'
  /** `[…]`, in the API `{ Quantity, Items }`; `enabled`: with `Enabled` beside them. */
  | { readonly list: Form; readonly enabled?: true }
  /** `{ Items: […] }`, with `Quantity` or without; in the API with it. */
  | { readonly items: Form }
  | { readonly array: Form }
  /** A text, in the API the only member of an object. */
  | { readonly wrapped: string }
  | Members;

/** An object: the name of each member in CloudFormation, its form, and its name in the API where that differs. */
export interface Members {
  readonly members: Readonly<Record<string, Form | readonly [name: string, form: Form]>>;
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
      // The API wants what CloudFormation takes for cookies that are left out.
      finish: (made) => {
        made['Cookies'] ??= { Forward: 'none' };
      },
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
    OriginGroups: {
      items: {
        members: {
          FailoverCriteria: { members: { StatusCodes: { items: 'number' } } },
          Id: 'text',
          Members: { items: { members: { OriginId: 'text' } } },
          SelectionCriteria: 'text',
        },
      },
    },
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
