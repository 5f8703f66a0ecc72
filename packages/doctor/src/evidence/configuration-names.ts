import type { Behavior, FolderFiles, JsonNode } from '@edgepass/edge/reading';

/** AWS's managed policies by the names that the console shows (R61, R63, R65). */
const MANAGED_NAMES: Readonly<Record<string, string>> = {
  '60669652-455b-4ae9-85a4-c4c02393f86c': 'SimpleCORS',
  '5cc3b908-e619-4b99-88e5-2cf7f45965bd': 'CORS-With-Preflight',
  'e61eb60c-9c35-4d20-a928-2b84e02af89c': 'CORS-and-SecurityHeadersPolicy',
  'eaab4381-ed33-4a86-88ca-d9558dc6cd63': 'CORS-with-preflight-and-SecurityHeadersPolicy',
  '67f7725c-6f97-4210-82d7-5512b31e9d03': 'SecurityHeadersPolicy',
};

/** What the answers do not show of a behavior: the names that people gave, and code that may change headers. */
export interface Written {
  /** The name of the response headers policy. */
  readonly policy: string | null;
  /** Where its CORS is written, in a template with the line. */
  readonly place: string | null;
  readonly bucket: string;
  /** A function that sees answers and may change their headers; null: none. */
  readonly code: string | null;
}

/** Reads beside each behavior what the edge's own form of it leaves out. */
export function readerOf(config: JsonNode, files: FolderFiles): (behavior: Behavior) => Written {
  const policies = policiesIn(files);
  const listed = config.get('CacheBehaviors').get('Items');
  const behaviors = Array.isArray(listed.value) ? listed.items() : [];
  const fallback = config.get('DefaultCacheBehavior');
  return ({ pathPattern, originId, functions }) => {
    const behavior = behaviors.find((node) => node.get('PathPattern').value === pathPattern) ?? fallback;
    const id = behavior.get('ResponseHeadersPolicyId').value;
    const isNamed = typeof id === 'string' && id !== '';
    const known = isNamed ? policies.get(id) : undefined;
    const hasLambda = /"(?:viewer|origin)-response"/.test(
      JSON.stringify(behavior.get('LambdaFunctionAssociations').value ?? null),
    );
    return {
      policy: isNamed ? (known?.name ?? MANAGED_NAMES[id] ?? id) : null,
      place: known?.place ?? null,
      bucket: `CORS rules of the bucket behind origin "${originId}"`,
      code:
        functions.viewerResponse !== null
          ? `The function "${functions.viewerResponse}" of the behavior "${pathPattern}"`
          : hasLambda
            ? `The Lambda@Edge function of the behavior "${pathPattern}"`
            : null,
    };
  };
}

/** Response headers policies by id: their names, and in a template where their CORS is written. */
function policiesIn(
  files: FolderFiles,
): ReadonlyMap<string, { readonly name: string; readonly place: string | null }> {
  const nodes = files.all('response-headers-policies').files.flatMap((file) => {
    const items = file.get('ResponseHeadersPolicyList').get('Items');
    return Array.isArray(items.value) ? items.items() : [file];
  });
  return new Map(
    nodes.map((node) => {
      const inner = node.get('ResponseHeadersPolicy').isPresent ? node.get('ResponseHeadersPolicy') : node;
      const within = inner.get('ResponseHeadersPolicyConfig');
      const policy = within.isPresent ? within : inner;
      const [id, name] = [inner.get('Id').value, policy.get('Name').value];
      const key = typeof id === 'string' ? id : node.file.replace(/^.*\/|\.json$/g, '');
      const place = files.template === null ? null : policy.get('CorsConfig').place;
      return [key, { name: typeof name === 'string' ? name : key, place }] as const;
    }),
  );
}
