import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errorCode } from '../error-code.js';
import { readTemplate } from '../template/read-template.js';
import { TemplateDocument } from '../template/template-document.js';
import { FolderFiles } from './folder-files.js';
import { JsonNode, type FolderProblem } from './json-node.js';
import { readStackJson, type Serving } from './read-edge-json.js';

const DISTRIBUTION_JSON = 'what `aws cloudfront get-distribution-config --id ID` prints';
const EDGE_JSON = 'what stands behind each origin, {"origins": {"ORIGIN-ID": {"folder": "../media"}}}';
const EDGE_JSON_WITH_TLS =
  'what stands behind each origin and, without --http, TLS files, {"origins": {"ORIGIN-ID": {"folder": "../media"}}, ' +
  '"tls": {"certFile": "../tls/leaf.pem", "keyFile": "../tls/leaf-key.pem"}}';

/** What a caller says beside the files. */
export interface ReadOptions {
  /**
   * The file with what stands behind the origins of a template, `edge.json` beside it by default. Null: nobody will ask
   * the origins, so that none is needed, of a folder neither; the distribution then answers 502 for each of them.
   */
  readonly edgeJson?: string | null;
  /** Values of a template's parameters, `AWS::Region` and its like among them; they count before those of `edge.json`. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** What other stacks export, by name, for `Fn::ImportValue`. */
  readonly imports?: ReadonlyMap<string, string>;
  /** The logical id of the distribution, where a template has several. */
  readonly resource?: string | null;
  /**
   * `https`: `edge.json` must name TLS files. `http`, the default: it may. `nowhere`: the folders and PEM files that it
   * names for the origins and for TLS are not looked for.
   */
  readonly serving?: Serving;
}

/** What the reading starts from; null for a file that is missing or cannot be read. */
interface OpenedFiles {
  readonly files: FolderFiles;
  readonly answer: JsonNode | null;
  readonly edge: JsonNode | null;
}

/**
 * Finds out what `given` is, a folder, one of AWS's answers or a template, and reads what the distribution begins with.
 * Null with a mistake where there is nothing to read.
 */
export function openFiles(
  given: string,
  options: ReadOptions,
  problems: FolderProblem[],
  warnings: string[],
): OpenedFiles | null {
  const path = resolve(given);
  const edgeJsonExpected = options.serving === 'https' ? EDGE_JSON_WITH_TLS : EDGE_JSON;
  const open = (folder: string, distributionFile: string): OpenedFiles => {
    const files = new FolderFiles(folder, problems);
    problems.push(...ofTemplatesAlone(given, options));
    return {
      files,
      answer: files.required(distributionFile, `${DISTRIBUTION_JSON}${templatesIn(folder)}`),
      edge: options.edgeJson === null ? null : files.required('edge.json', edgeJsonExpected),
    };
  };
  let bytes: Buffer | null;
  try {
    bytes = statSync(path).isFile() ? readFileSync(path) : null;
  } catch (error) {
    const code = errorCode(error);
    const expected = "a folder of AWS's answers, one of them, or a CloudFormation template";
    const found = ['ENOENT', 'ENOTDIR'].includes(code) ? 'no such file or folder' : code;
    problems.push({ file: given, path: '', expected, found });
    return null;
  }
  if (bytes === null) return open(path, 'distribution.json');
  const file = basename(path);
  const document = TemplateDocument.parse(bytes);
  if ('found' in document) {
    problems.push({
      file: `${file}:${document.line}`,
      path: '',
      expected: 'JSON or YAML',
      found: document.found,
    });
    return null;
  }
  // One of AWS's answers; what belongs to it lies beside it.
  if (document.root.get('Resources') === null) return open(dirname(path), file);
  const edgePath = resolve(dirname(path), options.edgeJson ?? 'edge.json');
  const around = new FolderFiles(dirname(edgePath), problems);
  const edge = options.edgeJson === null ? null : around.required(basename(edgePath), edgeJsonExpected);
  const stack = readStackJson(edge ?? unread('edge.json'));
  const inputs = {
    parameters: new Map([...stack.parameters, ...(options.parameters ?? [])]),
    imports: new Map([...stack.imports, ...(options.imports ?? [])]),
    physicalIds: stack.physicalIds,
  };
  const resource = options.resource ?? stack.resource;
  const template = readTemplate({ file, document, inputs, resource }, problems, warnings);
  const files = new FolderFiles(around.folder, problems, template);
  return { files, answer: template.distribution, edge };
}

/** What is said of a template means nothing beside AWS's answers: who says it took one for the other. */
function ofTemplatesAlone(given: string, options: ReadOptions): readonly FolderProblem[] {
  const { parameters = new Map<string, string>(), imports = new Map<string, string>() } = options;
  const { resource = null, edgeJson = null } = options;
  const flags = [
    ...[...parameters.keys()].map((name) => ({ flag: `--parameter ${name}=`, instead: 'leave it out' })),
    ...[...imports.keys()].map((name) => ({ flag: `--import ${name}=`, instead: 'leave it out' })),
    ...(resource === null ? [] : [{ flag: `--resource ${resource}`, instead: 'leave it out' }]),
    ...(edgeJson === null
      ? []
      : [{ flag: `--edge-json ${edgeJson}`, instead: 'put edge.json beside distribution.json' }]),
  ];
  return flags.map(({ flag, instead }) => ({
    file: flag,
    path: '',
    expected: 'a template as --distribution, which alone takes this flag',
    found: `AWS's answers, ${given}: name the template, or ${instead}`,
  }));
}

/** What `cdk synth` writes is a folder of templates, of which one is read. */
function templatesIn(folder: string): string {
  try {
    const [first, ...others] = readdirSync(folder).filter((name) => name.endsWith('.template.json'));
    if (first === undefined) return '';
    return `, or --distribution with a template of this folder, ${[first, ...others].join(', ')}`;
  } catch {
    return '';
  }
}

/** Stands for a file that could not be read: that was reported, so nothing inside it is missed. */
export function unread(file: string): JsonNode {
  return new JsonNode(file, '', undefined, []);
}
