import type { EdgeAnswer } from '../edge-answer.js';
import type { ObjectHeaders } from '../distribution/distribution.js';
import { withHeader } from '../header-list.js';
import type { Origin } from '../origin/origin.js';
import { patternCovers } from '../viewer-access/behavior-path.js';

/**
 * An origin whose objects carry the metadata of `objectHeaders` in edge.json, as objects of a bucket carry
 * the `Cache-Control` they were stored with. The first pattern that covers the path and names the header
 * decides; errors carry none of it.
 */
export class OriginWithObjectHeaders implements Origin {
  constructor(
    private readonly origin: Origin,
    private readonly rules: readonly ObjectHeaders[],
  ) {}

  async answer(request: Parameters<Origin['answer']>[0]): Promise<EdgeAnswer> {
    const answer = await this.origin.answer(request);
    if (answer.status >= 400 || request.method === 'OPTIONS') return answer;
    const rules = this.rules.filter(({ pathPattern }) => patternCovers(pathPattern, request.path));
    const headers = rules
      .toReversed()
      .flatMap((rule) => rule.headers)
      .reduce((list, [name, value]) => withHeader(list, name, value), answer.headers);
    return { ...answer, headers };
  }
}
