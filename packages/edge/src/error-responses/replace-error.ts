import type { EdgeAnswer } from '../edge-answer.js';
import type { CustomErrorResponse } from './custom-error-response.js';

/**
 * Puts the custom error page in the place of an error of any author: the origin or the edge itself
 * (R60). A page that cannot be had answers with the error of the page.
 */
export async function replaceError(
  answer: EdgeAnswer,
  responses: ReadonlyMap<number, CustomErrorResponse>,
  fetchPage: (path: string) => Promise<EdgeAnswer>,
): Promise<EdgeAnswer> {
  const page = responses.get(answer.status)?.page ?? null;
  if (page === null) return answer;
  if (answer.body.kind === 'object') await answer.body.object.handle.close();
  const replacement = await fetchPage(page.path);
  return replacement.status === 200 ? { ...replacement, status: page.status } : replacement;
}
