import { describe, expect, it } from '@jest/globals';
import { TemplateEvaluation, type TemplateInputs } from './evaluate-template.js';
import { TemplateDocument } from './template-document.js';
import { itemsOf, membersOf, UNKNOWN, type TemplateValue } from './template-value.js';

const PREAMBLE = `
Parameters:
  Host: { Type: String, Default: cdn.example.com }
  Stage: { Type: String, Default: test, AllowedValues: [test, live] }
  Origins: { Type: CommaDelimitedList, Default: "https://a.example, https://b.example" }
  Secret: { Type: String, NoEcho: true, AllowedPattern: "[a-z]+", Default: abc }
  Open: { Type: String }
  Looked: { Type: "AWS::SSM::Parameter::Value<String>", Default: /media/host }
Mappings:
  Hosts: { live: { Cdn: media.example.com }, test: { Cdn: media.test.example.com } }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsTest: !Not [!Condition IsLive]
  Either: !Or [!Condition IsLive, !Equals [!Ref Host, cdn.example.com]]
  Both: !And [!Condition IsLive, !Condition Either]
  Circle: !Not [!Condition Circle]
Resources:
  Media: { Type: "AWS::S3::Bucket" }
  Named: { Type: "AWS::S3::Bucket", Properties: { BucketName: !Sub "media-\${Stage}" } }
  Key: { Type: "AWS::CloudFront::PublicKey" }
  Rewrite: { Type: "AWS::CloudFront::Function", Properties: { Name: rewrite } }
  Store: { Type: "AWS::CloudFront::KeyValueStore", Properties: { Name: names } }
  LiveOnly: { Type: "AWS::S3::Bucket", Condition: IsLive }
  Load: { Type: "AWS::ElasticLoadBalancingV2::LoadBalancer" }
  Url: { Type: "AWS::Lambda::Url" }
  Prod: { Type: "AWS::ApiGateway::Stage", Properties: { StageName: prod } }
`;

interface Evaluated {
  readonly value: unknown;
  readonly problems: readonly string[];
}

/** Evaluates one value; `written` is YAML, and JSON is YAML. */
function evaluated(written: string, inputs: Partial<TemplateInputs> = {}): Evaluated {
  const text = `${PREAMBLE}  Tested: { Type: Tested, Properties: { Value: ${written} } }\n`;
  const document = TemplateDocument.parse(Buffer.from(text));
  if ('found' in document) throw new Error(document.found);
  const problems: string[] = [];
  const none = new Map<string, string>();
  const evaluation = new TemplateEvaluation(
    document.root,
    { parameters: none, imports: none, physicalIds: none, ...inputs },
    ({ path }, expected, found) => problems.push(`${path}: expected ${expected}, found ${found}`),
  );
  const [resource] = evaluation.resources('Tested');
  if (resource === undefined) throw new Error('the template has no resource to test');
  const value = membersOf(evaluation.properties(resource))?.get('Value');
  return { value: plain(value), problems };
}

function plain(value: TemplateValue | undefined): unknown {
  if (value === undefined) return undefined;
  const members = membersOf(value);
  if (members !== null) return Object.fromEntries([...members].map(([name, one]) => [name, plain(one)]));
  return itemsOf(value)?.map(plain) ?? (value.content === UNKNOWN ? 'UNKNOWN' : value.content);
}

describe('the functions of a template', () => {
  it.each<[what: string, written: string, value: unknown]>([
    ['Ref of a parameter', '!Ref Host', 'cdn.example.com'],
    ['Ref in its long form', '{ "Ref": "Host" }', 'cdn.example.com'],
    ['Ref of a list parameter', '!Ref Origins', ['https://a.example', 'https://b.example']],
    ['Ref of a bucket without a name', '!Ref Media', 'stack-media'],
    ['Ref of a bucket with a name', '!Ref Named', 'media-test'],
    ['Ref of a public key', '!Ref Key', 'Key'],
    ['Ref of a function', '!Ref Rewrite', 'arn:aws:cloudfront::123456789012:function/rewrite'],
    ['Ref of the stage of an API', '!Ref Prod', 'prod'],
    ['Ref of AWS::Region', '!Ref "AWS::Region"', 'us-east-1'],
    ['Ref of AWS::NoValue in a list', '[a, !Ref "AWS::NoValue"]', ['a']],
    ['Ref of AWS::NoValue in an object', '{ a: 1, b: !Ref "AWS::NoValue" }', { a: 1 }],
    ['GetAtt', '!GetAtt Media.RegionalDomainName', 'stack-media.s3.us-east-1.amazonaws.com'],
    ['GetAtt in its long form', '{ "Fn::GetAtt": ["Media", "Arn"] }', 'arn:aws:s3:::stack-media'],
    [
      'GetAtt of a website',
      '!GetAtt Media.WebsiteURL',
      'http://stack-media.s3-website-us-east-1.amazonaws.com',
    ],
    [
      'GetAtt of a function',
      '!GetAtt Rewrite.FunctionARN',
      'arn:aws:cloudfront::123456789012:function/rewrite',
    ],
    ['GetAtt of a store', '!GetAtt Store.Arn', 'arn:aws:cloudfront::123456789012:key-value-store/names'],
    ['GetAtt of what AWS alone knows', '!GetAtt Load.DNSName', 'load.invalid'],
    [
      'the host in an address that AWS alone knows',
      '!Select [2, !Split ["/", !GetAtt Url.FunctionUrl]]',
      'url.invalid',
    ],
    ['Sub', '!Sub "https://${Host}/${Media.Arn}"', 'https://cdn.example.com/arn:aws:s3:::stack-media'],
    ['Sub with values of its own', '!Sub ["${Host}/${Path}", { Path: !Ref Stage }]', 'cdn.example.com/test'],
    ['Sub with a literal', '!Sub "${!Host} ${Host}"', '${Host} cdn.example.com'],
    [
      'Sub with pseudo parameters',
      '!Sub "${AWS::Partition} ${AWS::AccountId} ${AWS::URLSuffix} ${AWS::StackName}"',
      'aws 123456789012 amazonaws.com stack',
    ],
    ['Join', '!Join ["-", [a, !Ref Stage, 3]]', 'a-test-3'],
    ['Join keeps how a number is written', '!Join ["", [1.10, "/", 012]]', '1.10/012'],
    ['Split', '!Split [",", "a,b"]', ['a', 'b']],
    ['Select', '!Select [1, !Ref Origins]', 'https://b.example'],
    ['FindInMap', '!FindInMap [Hosts, !Ref Stage, Cdn]', 'media.test.example.com'],
    ['FindInMap with a default', '!FindInMap [Hosts, none, Cdn, { DefaultValue: x }]', 'x'],
    ['Base64', '!Base64 "a b"', 'YSBi'],
    ['If', '!If [IsLive, live, other]', 'other'],
    ['If without a value', '{ a: !If [IsLive, live, !Ref "AWS::NoValue"] }', {}],
    ['Not', '!If [IsTest, yes, no]', true],
    ['Or', '!If [Either, one, two]', 'one'],
    ['And', '!If [Both, one, two]', 'two'],
    ['a member named Condition, which is no function here', '{ Condition: IsLive }', { Condition: 'IsLive' }],
    ['a date, which stays a text', '2012-10-17', '2012-10-17'],
  ])('%s', (_, written, value) => {
    expect(evaluated(written)).toEqual({ value, problems: [] });
  });

  it('take parameters from outside, those of AWS among them', () => {
    const parameters = new Map([
      ['Stage', 'live'],
      ['Open', 'x'],
      ['Looked', 'media.example.com'],
      ['AWS::Region', 'cn-north-1'],
      ['AWS::StackName', 'Media'],
    ]);
    const written = '!Sub "${Stage} ${Open} ${Looked} ${Media.WebsiteURL}"';
    expect(evaluated(written, { parameters })).toEqual({
      value: 'live x media.example.com http://media-media.s3-website.cn-north-1.amazonaws.com.cn',
      problems: [],
    });
    expect(evaluated('!If [Both, !Ref LiveOnly, two]', { parameters }).value).toBe('media-liveonly');
  });

  it('take the names that AWS gave, and what other stacks export', () => {
    const inputs = {
      physicalIds: new Map([['Key', 'K2JCJMDEHXQW5F']]),
      imports: new Map([['Shared:Host', 'shared.example.com']]),
    };
    expect(evaluated('[!Ref Key, !GetAtt Key.Id, !ImportValue "Shared:Host"]', inputs).value).toEqual([
      'K2JCJMDEHXQW5F',
      'K2JCJMDEHXQW5F',
      'shared.example.com',
    ]);
  });

  it('that are not taken are not evaluated', () => {
    expect(evaluated('!If [IsTest, a, !Ref Nothing]').problems).toEqual([]);
  });
});

describe('one line is said of', () => {
  const VALUE = 'Resources.Tested.Properties.Value';

  it.each<[what: string, written: string, line: string]>([
    [
      'a name that is neither parameter nor resource',
      '!Ref Nothing',
      `${VALUE}: expected the name of a parameter or of a resource, found "Nothing"`,
    ],
    [
      'a parameter without a value',
      '[!Ref Open, !Sub "${Open}"]',
      'Parameters.Open: expected --parameter Open=VALUE, found no value and no Default',
    ],
    [
      'a parameter that Systems Manager holds',
      '!Ref Looked',
      'Parameters.Looked: expected --parameter Looked=VALUE, found one that Systems Manager holds (AWS::SSM::Parameter::Value<String>)',
    ],
    [
      'an import that is not given',
      '[!ImportValue Host, !ImportValue Host]',
      `${VALUE}[0]: expected --import Host=VALUE, because another stack exports it, found none`,
    ],
    [
      'a resource that is not made',
      '!Ref LiveOnly',
      `${VALUE}: expected a resource whose Condition is true, found LiveOnly`,
    ],
    [
      'a condition that does not exist',
      '!If [None, a, b]',
      `${VALUE}[0]: expected the name of a condition, found "None"`,
    ],
    [
      'a condition that is made of itself',
      '!If [Circle, a, b]',
      'Conditions.Circle[0]: expected a condition that is not made of itself, found Circle',
    ],
    [
      'an index beyond the list',
      '!Select [2, !Ref Origins]',
      `${VALUE}: expected Fn::Select with an index and a list that has it, found 2 of 2`,
    ],
    [
      'names that no mapping has',
      '!FindInMap [Hosts, none, Cdn]',
      `${VALUE}: expected Fn::FindInMap with names that stand in Mappings, found Hosts, none, Cdn`,
    ],
    [
      'a function that is not evaluated',
      '!Cidr ["10.0.0.0/8", 1, 8]',
      `${VALUE}: expected a function that the edge evaluates (docs/edge.md), found Fn::Cidr`,
    ],
    ['a list inside a text', '!Sub "${Origins}"', `${VALUE}: expected a text for \${Origins}, found a list`],
    [
      'what cannot be joined',
      '!Join [",", x]',
      `${VALUE}: expected Fn::Join with a separator and a list of texts, found something else`,
    ],
    [
      'a resource without an attribute',
      '!GetAtt Media',
      `${VALUE}: expected a resource and its attribute, found "Media"`,
    ],
  ])('%s', (_, written, line) => {
    expect(evaluated(written).problems).toEqual([line]);
  });

  it('a physical id of a resource that the template does not have', () => {
    expect(evaluated('x', { physicalIds: new Map([['Kye', 'K1']]) }).problems).toEqual([
      'Resources: expected physicalIds in edge.json with names of resources, found "Kye"',
    ]);
  });

  it('an alias of YAML inside of what it names', () => {
    expect(evaluated('&all [*all]').problems).toEqual([
      expect.stringMatching(/: expected a value of at most 100 levels, found more$/),
    ]);
  });

  it('a value that a parameter does not allow, and of a secret one nothing is shown', () => {
    const parameters = new Map([
      ['Stage', 'beta'],
      ['Secret', 'S3CRET'],
    ]);
    expect(evaluated('[!Ref Stage, !Ref Secret]', { parameters }).problems).toEqual([
      'Parameters.Stage: expected --parameter Stage with one of test, live, found "beta"',
      'Parameters.Secret: expected --parameter Secret with a text that [a-z]+ matches, found another',
    ]);
  });

  it('a parameter that the template does not have', () => {
    expect(evaluated('x', { parameters: new Map([['Hots', 'x']]) }).problems).toEqual([
      'Parameters: expected --parameter with one of Host, Stage, Origins, Secret, Open, Looked, found Hots',
    ]);
  });
});
