import type { BucketAnswers, ProgramText, TemplateAnswers } from '../distribution/folder-files.js';
import { JsonNode, type FolderProblem } from '../distribution/json-node.js';
import { restBucketOf, websiteBucketOf } from '../distribution/read-website.js';
import type { FORMS } from './api-forms.js';
import { bucketAccess, type BucketCaller } from './bucket-policy.js';
import {
  TemplateEvaluation,
  type ReportMistake,
  type TemplateInputs,
  type TemplateResource,
} from './evaluate-template.js';
import type { TemplateDocument } from './template-document.js';
import { membersOf } from './template-value.js';
import { toApiForm } from './to-api-form.js';

/** A template, and what was said of it from outside. */
export interface TemplateSource {
  /** As messages name it. */
  readonly file: string;
  readonly document: TemplateDocument;
  readonly inputs: TemplateInputs;
  /** The logical id of the distribution, where there are several. */
  readonly resource: string | null;
}

const DISTRIBUTION = 'AWS::CloudFront::Distribution';
/** Where the distribution cannot be read, which was reported. */
const NO_ANSWERS: TemplateAnswers = {
  distribution: null,
  folders: new Map(),
  programs: new Map(),
  buckets: new Map(),
};

/** Which resources take the place of which folder of AWS's answers. */
const DEFINITIONS = [
  ['AWS::CloudFront::KeyGroup', 'key-groups'],
  ['AWS::CloudFront::PublicKey', 'public-keys'],
  ['AWS::CloudFront::CachePolicy', 'cache-policies'],
  ['AWS::CloudFront::OriginRequestPolicy', 'origin-request-policies'],
  ['AWS::CloudFront::ResponseHeadersPolicy', 'response-headers-policies'],
] as const;

/**
 * Reads a template into what AWS's own calls would answer about its distribution: that is then read as if it had been
 * exported, and every mistake names the line of the template. Resources that the distribution does not use are not looked
 * at.
 */
export function readTemplate(
  { file, document, inputs, resource }: TemplateSource,
  problems: FolderProblem[],
  warnings: string[],
): TemplateAnswers {
  const report: ReportMistake = ({ line, path }, expected, found) =>
    problems.push({ file: `${file}:${line}`, path, expected, found });
  const evaluation = new TemplateEvaluation(document.root, inputs, report);
  const distributions = evaluation.resources(DISTRIBUTION);
  const chosen = chooseDistribution(distributions, resource);
  if (typeof chosen === 'string') {
    const line = document.root.get('Resources')?.line ?? 1;
    report({ line, path: 'Resources' }, chosen, resource ?? `${distributions.length}`);
    return NO_ANSWERS;
  }
  const reading = new TemplateReading(file, evaluation, report, problems, warnings);
  return reading.answersOf(chosen, inputs.physicalIds.get(chosen.logicalId) ?? null);
}

/** The distribution, or what was expected instead. */
function chooseDistribution(
  distributions: readonly TemplateResource[],
  wanted: string | null,
): TemplateResource | string {
  const names = distributions.map(({ logicalId }) => logicalId).join(', ');
  if (names === '') return `a resource of type ${DISTRIBUTION} whose Condition is true`;
  const [only] = distributions;
  if (wanted === null && only !== undefined && distributions.length === 1) return only;
  const chosen = distributions.find(({ logicalId }) => logicalId === wanted);
  return chosen ?? `one distribution, or --resource with one of ${names}`;
}

class TemplateReading {
  constructor(
    private readonly file: string,
    private readonly evaluation: TemplateEvaluation,
    private readonly report: ReportMistake,
    private readonly problems: FolderProblem[],
    private readonly warnings: string[],
  ) {}

  answersOf(distribution: TemplateResource, id: string | null): TemplateAnswers {
    const root = this.nodeOf(distribution, { Id: id });
    const config = root.get('DistributionConfig');
    if (!config.isPresent) {
      config.mistake('the configuration of the distribution');
      return NO_ANSWERS;
    }
    const used = textsIn(config.value, new Set());
    const folders = new Map<string, JsonNode[]>();
    for (const [type, folder] of DEFINITIONS) {
      for (const resource of this.evaluation.resources(type)) {
        const name = this.evaluation.referenceOf(resource);
        if (!used.has(name)) continue;
        const node = this.nodeOf(resource, { Id: name });
        folders.set(folder, [...(folders.get(folder) ?? []), node]);
        // A key group names the public keys.
        textsIn(node.value, used);
      }
    }
    return {
      distribution: root,
      folders,
      programs: this.programs(used),
      buckets: this.buckets(config, distribution),
    };
  }

  /** The properties of a resource in the form of AWS's API, as a file that knows the lines of the template. */
  private nodeOf(resource: TemplateResource, around: Readonly<Record<string, unknown>> = {}): JsonNode {
    const type = resource.type as keyof typeof FORMS;
    const properties = this.evaluation.properties(resource);
    const { value, places } = toApiForm(properties, type, this.file, this.report);
    this.hintAtLookUps(value);
    const content = typeof value === 'object' && value !== null ? { ...value, ...around } : around;
    return new JsonNode(this.file, '', content, this.problems, places);
  }

  /** A dynamic reference is filled in when the stack is made. */
  private hintAtLookUps(value: unknown): void {
    for (const text of textsIn(value, new Set())) {
      const [reference] = /\{\{resolve:[^}]*\}\}/.exec(text) ?? [];
      const line = `${this.file}: ${reference ?? ''} stays as it is written: AWS alone looks it up`;
      if (reference !== undefined && !this.warnings.includes(line)) this.warnings.push(line);
    }
  }

  private programs(used: ReadonlySet<string>): ReadonlyMap<string, ProgramText> {
    const resources = this.evaluation
      .resources('AWS::CloudFront::Function')
      .filter((resource) => used.has(this.evaluation.referenceOf(resource)));
    return new Map(
      resources.map((resource) => {
        const code = this.nodeOf(resource).get('FunctionCode');
        const name = this.evaluation.referenceOf(resource).replace(/^.*function\//, '');
        return [name, { code: code.text(), place: code.place }] as const;
      }),
    );
  }

  /** The buckets of the template by the id of the origin that asks them. */
  private buckets(config: JsonNode, distribution: TemplateResource): ReadonlyMap<string, BucketAnswers> {
    const resources = this.evaluation.resources('AWS::S3::Bucket');
    const found = new Map<string, BucketAnswers>();
    const items = config.get('Origins').get('Items');
    for (const origin of Array.isArray(items.value) ? items.items() : []) {
      const host = String(origin.get('DomainName').value).toLowerCase();
      const name = restBucketOf(host) ?? websiteBucketOf(host);
      const bucket = resources.find((resource) => this.evaluation.referenceOf(resource) === name);
      if (bucket === undefined || name === null) continue;
      const node = this.nodeOf(bucket);
      const cors = node.get('CorsConfiguration');
      const website = node.get('WebsiteConfiguration');
      const caller = this.callerOf(origin, distribution, websiteBucketOf(host) === null);
      found.set(String(origin.get('Id').value), {
        cors: cors.isPresent ? cors : null,
        website: website.isPresent ? website : null,
        isSigned: caller.kind !== 'anyone',
        access: this.accessTo(name, caller, origin),
      });
    }
    return found;
  }

  private callerOf(origin: JsonNode, distribution: TemplateResource, isRest: boolean): BucketCaller {
    const controlId = origin.get('OriginAccessControlId').value;
    const control = this.evaluation
      .resources('AWS::CloudFront::OriginAccessControl')
      .find((resource) => this.evaluation.referenceOf(resource) === controlId);
    const signing = control && this.nodeOf(control).get('OriginAccessControlConfig').get('SigningBehavior');
    const isControlled = typeof controlId === 'string' && controlId !== '' && signing?.value !== 'never';
    const identity = origin.get('S3OriginConfig').get('OriginAccessIdentity').value;
    const identityId =
      typeof identity === 'string' && identity !== '' ? identity.slice(identity.lastIndexOf('/') + 1) : null;
    const others = this.evaluation.resources(DISTRIBUTION);
    const kind = isControlled ? 'service' : identityId === null ? 'anyone' : 'identity';
    return {
      kind: isRest ? kind : 'anyone',
      identity: identityId,
      sourceArn: this.arnOf(distribution),
      otherSourceArns: others
        .filter(({ logicalId }) => logicalId !== distribution.logicalId)
        .map((other) => this.arnOf(other)),
    };
  }

  private arnOf(distribution: TemplateResource): string {
    const { partition, accountId } = this.evaluation.stack;
    return `arn:${partition}:cloudfront::${accountId}:distribution/${this.evaluation.referenceOf(distribution)}`;
  }

  /** Null where the policy of the bucket is not in the template, so that nobody knows. */
  private accessTo(bucket: string, caller: BucketCaller, origin: JsonNode): BucketAnswers['access'] {
    for (const policy of this.evaluation.resources('AWS::S3::BucketPolicy')) {
      const properties = membersOf(this.evaluation.properties(policy));
      if (properties?.get('Bucket')?.text !== bucket) continue;
      const arn = `arn:${this.evaluation.stack.partition}:s3:::${bucket}`;
      const access = bucketAccess(properties.get('PolicyDocument'), arn, caller);
      if (access.readableKeys.length === 0) {
        this.warnings.push(
          `${this.file}:${policy.node.line} ${policy.node.path}: lets CloudFront read no object for ${origin.place}, so that S3 answers 403`,
        );
      }
      return access;
    }
    this.warnings.push(
      `${origin.place}: the template has no AWS::S3::BucketPolicy of ${bucket}, so it is taken for one that lets CloudFront read`,
    );
    return null;
  }
}

/** Every text in a value, added to those that are known. */
function textsIn(value: unknown, texts: Set<string>): Set<string> {
  if (typeof value === 'string') texts.add(value);
  if (typeof value !== 'object' || value === null) return texts;
  for (const inner of Object.values(value)) textsIn(inner, texts);
  return texts;
}
