import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Alias,
  type Document,
  type Node,
} from 'yaml';
import { decode } from '../distribution/json-text.js';

/** Tags of YAML 1.1 that CloudFormation leaves out: a date stays a text (AWS, "CloudFormation template formats"). */
const NOT_SUPPORTED = ['binary', 'omap', 'pairs', 'set', 'timestamp', 'merge'].map(
  (name) => `tag:yaml.org,2002:${name}`,
);

/** One member of a mapping. */
export interface TemplateMember {
  readonly name: string;
  readonly node: TemplateNode;
}

/** A function of CloudFormation, and what it is given. */
export interface FunctionCall {
  /** `Ref`, `Condition` or `Fn::…`. */
  readonly name: string;
  readonly argument: TemplateNode;
}

/** A place in a template, as it was written: functions are not evaluated. */
export class TemplateNode {
  constructor(
    private readonly document: TemplateDocument,
    private readonly written: Node | null,
    /** From 1. */
    readonly line: number,
    /** Without the functions on the way: `Resources.Media.Properties.DistributionConfig`. */
    readonly path: string,
    private readonly isUntagged = false,
  ) {}

  /** The members of a mapping, null where there is none. */
  members(): readonly TemplateMember[] | null {
    const node = this.target();
    if (!isMap(node)) return null;
    return node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : String(key);
      const path = this.path === '' ? name : `${this.path}.${name}`;
      return { name, node: this.document.node(value as Node | null, path, key as Node) };
    });
  }

  get(name: string): TemplateNode | null {
    return this.members()?.find((member) => member.name === name)?.node ?? null;
  }

  /** The elements of a list, null where there is none. */
  items(): readonly TemplateNode[] | null {
    const node = this.target();
    if (!isSeq(node)) return null;
    return node.items.map((item, index) =>
      this.document.node(item as Node | null, `${this.path}[${index}]`, null),
    );
  }

  /** A text, a number or a flag, and null for nothing; undefined for a list or a mapping. */
  scalar(): string | number | boolean | null | undefined {
    const node = this.target();
    if (node === null) return null;
    if (!isScalar(node)) return undefined;
    const { value } = node;
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
    return typeof value === 'string' ? value : node.source;
  }

  /** A scalar as it was written: `1.10` keeps its zero. */
  text(): string | null {
    const node = this.target();
    const scalar = this.scalar();
    if (scalar === undefined || scalar === null) return null;
    return typeof scalar !== 'string' && isScalar(node) && node.source !== undefined
      ? node.source
      : String(scalar);
  }

  /** `!Sub x`, `{ "Fn::Sub": "x" }` and their like; null for what is no function. */
  call(): FunctionCall | null {
    const node = this.target();
    const tag = this.isUntagged ? undefined : node?.tag;
    if (tag !== undefined && tag.startsWith('!') && tag.length > 1) {
      const short = tag.slice(1);
      const name = short === 'Ref' || short === 'Condition' ? short : `Fn::${short}`;
      return { name, argument: new TemplateNode(this.document, node, this.line, this.path, true) };
    }
    const [member, ...others] = this.members() ?? [];
    if (member === undefined || others.length > 0) return null;
    const { name } = member;
    if (name !== 'Ref' && name !== 'Condition' && !name.startsWith('Fn::')) return null;
    const { node: argument } = member;
    return { name, argument: new TemplateNode(this.document, argument.target(), argument.line, this.path) };
  }

  private target(): Node | null {
    return isAlias(this.written) ? this.document.resolve(this.written) : this.written;
  }
}

/** A template as it was written, JSON or YAML; JSON is read as the YAML that it is, so that every value has its line. */
export class TemplateDocument {
  private constructor(
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {}

  /** The document, or one line that says why it cannot be read and where. */
  static parse(bytes: Buffer): TemplateDocument | { readonly found: string; readonly line: number } {
    const lines = new LineCounter();
    const document = parseDocument(decode(bytes), {
      // What CloudFormation reads: YAML 1.1, in which `yes` and `on` are true.
      version: '1.1',
      customTags: (tags) => tags.filter((tag) => typeof tag !== 'object' || !NOT_SUPPORTED.includes(tag.tag)),
      lineCounter: lines,
      logLevel: 'silent',
    });
    const [error] = document.errors;
    if (error === undefined) return new TemplateDocument(document, lines);
    const [said = error.code] = error.message.split(/ at line |\n/);
    return { found: said, line: lines.linePos(error.pos[0]).line };
  }

  get root(): TemplateNode {
    return this.node(this.document.contents, '', null);
  }

  node(written: Node | null, path: string, key: Node | null): TemplateNode {
    const offset = (key ?? written)?.range?.[0];
    return new TemplateNode(this, written, offset === undefined ? 1 : this.lines.linePos(offset).line, path);
  }

  resolve(alias: Alias): Node | null {
    return (alias.resolve(this.document) as Node | undefined) ?? null;
  }
}
