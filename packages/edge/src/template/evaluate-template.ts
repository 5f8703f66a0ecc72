import {
  attributeOf,
  partitionOf,
  referenceTo,
  type NamedResource,
  type Stack,
} from './resource-attributes.js';
import type { FunctionCall, TemplateNode } from './template-document.js';
import {
  isUnknown,
  itemsOf,
  membersOf,
  textValue,
  UNKNOWN,
  unknownValue,
  type TemplatePlace,
  type TemplateValue,
} from './template-value.js';

/** What a template leaves open and someone says. */
export interface TemplateInputs {
  /** Values of parameters, and of pseudo parameters such as `AWS::Region`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What other stacks export, by name. */
  readonly imports: ReadonlyMap<string, string>;
  /** What AWS named the resources of the stack, by logical id. */
  readonly physicalIds: ReadonlyMap<string, string>;
}

/** Records a mistake at a place of the template. */
export type ReportMistake = (place: TemplatePlace, expected: string, found: string) => void;

/** A resource of the template that its condition lets be made. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly node: TemplateNode;
}

const DEFAULT_REGION = 'us-east-1';
/** No template is as deep; an alias of YAML that stands inside of what it names has no end. */
const MAX_DEPTH = 100;
/** The member that names a resource, for the types that others name by it. */
const NAME_MEMBERS: Readonly<Record<string, string>> = {
  'AWS::ApiGateway::Stage': 'StageName',
  'AWS::ApiGatewayV2::Stage': 'StageName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::CloudFront::Function': 'Name',
  'AWS::CloudFront::KeyValueStore': 'Name',
};

/** A condition that could not be evaluated. */
type Truth = boolean | null;

/**
 * Evaluates the functions of a template where they are asked for: what nobody uses is not looked at. Each mistake is
 * reported once, at the first place that needs it.
 */
export class TemplateEvaluation {
  /** What the pseudo parameters say. */
  readonly stack: Stack;
  private readonly sections: ReadonlyMap<string, TemplateNode>;
  private readonly conditions = new Map<string, Truth | 'being evaluated'>();
  private readonly physicalIds = new Map<string, string | null>();
  private readonly reported = new Set<string>();
  private depth = 0;

  constructor(
    root: TemplateNode,
    private readonly inputs: TemplateInputs,
    private readonly report: ReportMistake,
  ) {
    this.sections = new Map((root.members() ?? []).map(({ name, node }) => [name, node]));
    this.stack = stackOf(inputs.parameters);
    this.refuseUnknownNames(root);
  }

  /** The resources of a type that are made, in the order of the template. */
  resources(type: string): readonly TemplateResource[] {
    return (this.sections.get('Resources')?.members() ?? []).flatMap(({ name, node }) =>
      node.get('Type')?.text() === type && this.isMade(node) ? [{ logicalId: name, type, node }] : [],
    );
  }

  /** The evaluated `Properties` of a resource; an empty mapping where it has none. */
  properties({ node }: TemplateResource): TemplateValue {
    const properties = node.get('Properties');
    const value = properties === null ? null : this.evaluate(properties);
    return value ?? { content: new Map(), text: null, path: `${node.path}.Properties`, line: node.line };
  }

  /** What `Ref` gives of a resource. */
  referenceOf({ logicalId, type }: TemplateResource): string {
    return referenceTo({ logicalId, type, physicalId: this.physicalIdOf(logicalId, type) }, this.stack);
  }

  /** Null: `AWS::NoValue`, as if it were not written. */
  evaluate(node: TemplateNode): TemplateValue | null {
    if (this.depth > MAX_DEPTH) {
      if (!this.isFirst('depth')) return unknownValue(node);
      return this.mistake(node, `a value of at most ${MAX_DEPTH} levels`, 'more');
    }
    this.depth += 1;
    try {
      return this.evaluateWritten(node);
    } finally {
      this.depth -= 1;
    }
  }

  private evaluateWritten(node: TemplateNode): TemplateValue | null {
    const call = node.call();
    if (call !== null && call.name !== 'Condition') return this.evaluateCall(call, node);
    const items = node.items();
    const { path, line } = node;
    if (items !== null) {
      const content = items.flatMap((item) => this.evaluate(item) ?? []);
      return { content, text: null, path, line };
    }
    const members = node.members();
    if (members === null) return { content: node.scalar() ?? null, text: node.text(), path, line };
    const content = new Map<string, TemplateValue>();
    for (const { name, node: member } of members) {
      const value = this.evaluate(member);
      if (value !== null) content.set(name, value);
    }
    return { content, text: null, path, line };
  }

  private evaluateCall({ name, argument }: FunctionCall, place: TemplatePlace): TemplateValue | null {
    switch (name) {
      case 'Ref':
        return this.ref(argument.text() ?? '', place);
      case 'Fn::If':
        return this.choose(argument, place);
      case 'Fn::GetAtt':
        return this.getAttribute(argument, place);
      case 'Fn::Sub':
        return this.substitute(argument, place);
      default:
    }
    const value = this.evaluate(argument);
    if (value === null || isUnknown(value)) return unknownValue(place);
    switch (name) {
      case 'Fn::Join':
        return this.join(value, place);
      case 'Fn::Select':
        return this.select(value, place);
      case 'Fn::Split':
        return this.split(value, place);
      case 'Fn::FindInMap':
        return this.findInMap(value, place);
      case 'Fn::ImportValue':
        return this.importValue(value, place);
      case 'Fn::Base64':
        return textValue(Buffer.from(value.text ?? '').toString('base64'), place);
      default:
        return this.mistake(place, 'a function that the edge evaluates (docs/edge.md)', name);
    }
  }

  private ref(name: string, place: TemplatePlace): TemplateValue | null {
    if (name === 'AWS::NoValue') return null;
    const pseudo = name.startsWith('AWS::') ? this.pseudoParameter(name) : null;
    if (pseudo !== null) return textValue(pseudo, place);
    const parameter = this.sections.get('Parameters')?.get(name) ?? null;
    if (parameter !== null) return this.parameter(name, parameter, place);
    const resource = this.resource(name, place);
    if (resource === null) return unknownValue(place);
    return textValue(referenceTo(resource, this.stack), place);
  }

  private pseudoParameter(name: string): string | null {
    const { region, accountId, partition, urlSuffix, name: stackName } = this.stack;
    const values: Readonly<Record<string, string>> = {
      'AWS::Region': region,
      'AWS::AccountId': accountId,
      'AWS::Partition': partition,
      'AWS::URLSuffix': urlSuffix,
      'AWS::StackName': stackName,
      'AWS::StackId': `arn:${partition}:cloudformation:${region}:${accountId}:stack/${stackName}/1`,
    };
    return this.inputs.parameters.get(name) ?? values[name] ?? null;
  }

  private parameter(name: string, parameter: TemplateNode, place: TemplatePlace): TemplateValue {
    const type = parameter.get('Type')?.text() ?? 'String';
    const given = this.inputs.parameters.get(name);
    // The default of such a parameter is where Systems Manager keeps the value.
    const isLookedUp = type.startsWith('AWS::SSM::Parameter::Value');
    const text = given ?? (isLookedUp ? null : (parameter.get('Default')?.text() ?? null));
    if (text === null) {
      const found = isLookedUp ? `one that Systems Manager holds (${type})` : 'no value and no Default';
      return this.mistake(parameter, `--parameter ${name}=VALUE`, found);
    }
    const shown = parameter.get('NoEcho')?.scalar() === true ? 'another' : JSON.stringify(text);
    const allowed = parameter
      .get('AllowedValues')
      ?.items()
      ?.map((item) => item.text());
    if (allowed !== undefined && !allowed.includes(text)) {
      return this.mistake(parameter, `--parameter ${name} with one of ${allowed.join(', ')}`, shown);
    }
    const pattern = parameter.get('AllowedPattern')?.text() ?? null;
    if (pattern !== null && !matchesWhole(pattern, text)) {
      return this.mistake(parameter, `--parameter ${name} with a text that ${pattern} matches`, shown);
    }
    if (!type.includes('List')) return textValue(text, place);
    const content = text === '' ? [] : text.split(',').map((item) => textValue(item.trim(), place));
    return { content, text: null, ...placeOf(place) };
  }

  /** A name that the template does not have is a slip of who wrote it; CloudFormation refuses such a parameter too. */
  private refuseUnknownNames(root: TemplateNode): void {
    for (const name of this.inputs.parameters.keys()) {
      if (name.startsWith('AWS::') || this.sections.get('Parameters')?.get(name)) continue;
      const names = (this.sections.get('Parameters')?.members() ?? []).map((member) => member.name);
      const place = this.sections.get('Parameters') ?? { path: 'Parameters', line: root.line };
      this.report(place, `--parameter with one of ${names.join(', ') || 'no name'}`, name);
    }
    for (const name of this.inputs.physicalIds.keys()) {
      const resources = this.sections.get('Resources') ?? root;
      if (resources.get(name) === null) {
        this.report(resources, 'physicalIds in edge.json with names of resources', JSON.stringify(name));
      }
    }
  }

  /** A resource that is made; null with a mistake otherwise. */
  private resource(logicalId: string, place: TemplatePlace): NamedResource | null {
    const node = this.sections.get('Resources')?.get(logicalId) ?? null;
    if (node === null) {
      this.mistake(place, 'the name of a parameter or of a resource', JSON.stringify(logicalId));
      return null;
    }
    if (!this.isMade(node)) {
      this.mistake(place, 'a resource whose Condition is true', logicalId);
      return null;
    }
    const type = node.get('Type')?.text() ?? '';
    return { logicalId, type, physicalId: this.physicalIdOf(logicalId, type) };
  }

  private physicalIdOf(logicalId: string, type: string): string | null {
    const given = this.inputs.physicalIds.get(logicalId);
    if (given !== undefined) return given;
    const known = this.physicalIds.get(logicalId);
    if (known !== undefined) return known;
    // A name that is made of the resource itself ends here; CloudFormation refuses it as a circle.
    this.physicalIds.set(logicalId, null);
    const member = NAME_MEMBERS[type];
    const node =
      member === undefined
        ? null
        : this.sections.get('Resources')?.get(logicalId)?.get('Properties')?.get(member);
    const name = node ? (this.evaluate(node)?.text ?? null) : null;
    this.physicalIds.set(logicalId, name);
    return name;
  }

  private getAttribute(argument: TemplateNode, place: TemplatePlace): TemplateValue {
    const items = argument.items();
    if (items === null) return this.attribute(argument.text() ?? '', place);
    const names = items.map((item) => this.evaluate(item)?.text ?? '');
    return this.attribute(names.join('.'), place);
  }

  /** @param name `Media.RegionalDomainName` */
  private attribute(name: string, place: TemplatePlace): TemplateValue {
    const [logicalId = '', ...attribute] = name.split('.');
    if (attribute.length === 0)
      return this.mistake(place, 'a resource and its attribute', JSON.stringify(name));
    const resource = this.resource(logicalId, place);
    if (resource === null) return unknownValue(place);
    return textValue(attributeOf(resource, attribute.join('.'), this.stack), place);
  }

  /** `Fn::Sub` with a text, or with a text and values of its own. */
  private substitute(argument: TemplateNode, place: TemplatePlace): TemplateValue {
    const [first, second] = argument.items() ?? [argument];
    const pattern = first === undefined ? null : this.evaluate(first);
    const own = second === undefined ? null : this.evaluate(second);
    if (pattern?.content === UNKNOWN || (own !== null && isUnknown(own))) return unknownValue(place);
    if (pattern?.text == null) return this.mistake(place, 'Fn::Sub with a text', 'none');
    const values = membersOf(own ?? undefined);
    let isComplete = true;
    const text = pattern.text.replaceAll(/\$\{([^}]*)\}/g, (whole, written: string) => {
      // `${!Name}` stands for `${Name}` itself.
      if (written.startsWith('!')) return `\${${written.slice(1)}}`;
      const name = written.trim();
      const value =
        values?.get(name) ?? (name.includes('.') ? this.attribute(name, place) : this.ref(name, place));
      if (value?.text == null) {
        if (value !== null && value.content !== UNKNOWN) this.mistake(place, `a text for ${whole}`, 'a list');
        isComplete = false;
      }
      return value?.text ?? '';
    });
    return isComplete ? textValue(text, place) : unknownValue(place);
  }

  private join(value: TemplateValue, place: TemplatePlace): TemplateValue {
    const [separator, list] = itemsOf(value) ?? [];
    const texts = itemsOf(list)?.map(({ text }) => text);
    if (separator?.text == null || texts === undefined || texts.includes(null)) {
      return this.mistake(place, 'Fn::Join with a separator and a list of texts', 'something else');
    }
    return textValue(texts.join(separator.text), place);
  }

  private split(value: TemplateValue, place: TemplatePlace): TemplateValue {
    const [separator, text] = itemsOf(value) ?? [];
    if (!separator?.text || text?.text == null) {
      return this.mistake(place, 'Fn::Split with a separator and a text', 'something else');
    }
    const content = text.text.split(separator.text).map((part) => textValue(part, place));
    return { content, text: null, ...placeOf(place) };
  }

  private select(value: TemplateValue, place: TemplatePlace): TemplateValue {
    const [index, list] = itemsOf(value) ?? [];
    const items = itemsOf(list);
    const chosen = /^\d+$/.test(index?.text ?? '') ? items?.[Number(index?.text)] : undefined;
    if (chosen !== undefined) return { ...chosen, ...placeOf(place) };
    const found = items === null ? 'no list' : `${index?.text ?? 'no index'} of ${items.length}`;
    return this.mistake(place, 'Fn::Select with an index and a list that has it', found);
  }

  private findInMap(value: TemplateValue, place: TemplatePlace): TemplateValue {
    const [map, first, second, options] = itemsOf(value) ?? [];
    const names = [map, first, second].map((part) => part?.text ?? '');
    const found = names.reduce<TemplateNode | null | undefined>(
      (node, name) => node?.get(name),
      this.sections.get('Mappings'),
    );
    if (found) return this.evaluate(found) ?? unknownValue(place);
    // AWS::LanguageExtensions.
    const otherwise = membersOf(options)?.get('DefaultValue');
    if (otherwise !== undefined) return { ...otherwise, ...placeOf(place) };
    return this.mistake(place, 'Fn::FindInMap with names that stand in Mappings', names.join(', '));
  }

  private importValue(value: TemplateValue, place: TemplatePlace): TemplateValue {
    const name = value.text ?? '';
    const given = this.inputs.imports.get(name);
    if (given !== undefined) return textValue(given, place);
    if (!this.isFirst(`import ${name}`)) return unknownValue(place);
    return this.mistake(place, `--import ${name}=VALUE, because another stack exports it`, 'none');
  }

  /** `Fn::If`: the branch that is not taken is not evaluated. */
  private choose(argument: TemplateNode, place: TemplatePlace): TemplateValue | null {
    const [name, then, otherwise] = argument.items() ?? [];
    if (name === undefined || then === undefined || otherwise === undefined) {
      return this.mistake(place, 'Fn::If with a condition and two values', 'something else');
    }
    const truth = this.condition(name.text() ?? '', name);
    if (truth === null) return unknownValue(place);
    const chosen = truth ? then : otherwise;
    const value = this.evaluate(chosen);
    return value === null ? null : { ...value, path: place.path };
  }

  private isMade(node: TemplateNode): boolean {
    const condition = node.get('Condition');
    // What could not be evaluated was reported.
    return condition === null || this.condition(condition.text() ?? '', condition) !== false;
  }

  private condition(name: string, place: TemplatePlace): Truth {
    const known = this.conditions.get(name);
    if (known === 'being evaluated') {
      this.mistake(place, 'a condition that is not made of itself', name);
      return null;
    }
    if (known !== undefined) return known;
    const node = this.sections.get('Conditions')?.get(name) ?? null;
    if (node === null) {
      this.conditions.set(name, null);
      this.mistake(place, 'the name of a condition', JSON.stringify(name));
      return null;
    }
    this.conditions.set(name, 'being evaluated');
    const truth = this.truthOf(node);
    this.conditions.set(name, truth);
    return truth;
  }

  private truthOf(node: TemplateNode): Truth {
    const call = node.call();
    const parts = call?.argument.items() ?? [];
    switch (call?.name ?? '') {
      case 'Condition':
        return this.condition(call?.argument.text() ?? '', node);
      case 'Fn::Equals': {
        const [one, other] = parts.map((part) => this.evaluate(part));
        if (parts.length === 2 && one && other) {
          return isUnknown(one) || isUnknown(other) ? null : one.text === other.text;
        }
        break;
      }
      case 'Fn::Not':
        if (parts[0] !== undefined) return negated(this.truthOf(parts[0]));
        break;
      case 'Fn::And':
      case 'Fn::Or': {
        if (parts.length === 0) break;
        const truths = parts.map((part) => this.truthOf(part));
        const decides = call?.name === 'Fn::Or';
        if (truths.includes(decides)) return decides;
        return truths.includes(null) ? null : !decides;
      }
      default:
    }
    this.mistake(
      node,
      'a condition: Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition',
      call?.name ?? 'something else',
    );
    return null;
  }

  private isFirst(what: string): boolean {
    if (this.reported.has(what)) return false;
    this.reported.add(what);
    return true;
  }

  /** Reported once for each place and each thing that is expected there. */
  private mistake(place: TemplatePlace, expected: string, found: string): TemplateValue {
    if (this.isFirst(`${place.path} ${expected}`)) this.report(place, expected, found);
    return unknownValue(place);
  }
}

/** What the pseudo parameters say, given or by default. */
function stackOf(parameters: ReadonlyMap<string, string>): Stack {
  const given = (name: string, otherwise: string) => parameters.get(name) ?? otherwise;
  const region = given('AWS::Region', DEFAULT_REGION);
  const { partition, urlSuffix } = partitionOf(region);
  return {
    region,
    accountId: given('AWS::AccountId', '123456789012'),
    partition: given('AWS::Partition', partition),
    urlSuffix: given('AWS::URLSuffix', urlSuffix),
    name: given('AWS::StackName', 'stack'),
  };
}

function placeOf({ path, line }: TemplatePlace): TemplatePlace {
  return { path, line };
}

function negated(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

/** The pattern of a parameter; one that JavaScript cannot read (CloudFormation has Java's) is passed over. */
function matchesWhole(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(text);
  } catch {
    return true;
  }
}
