import type { Problem } from './problem.js';

const answered = new WeakMap<object, Problem>();

/** Keeps which problem a request was answered with, for whoever counts answers after they have left. */
export function rememberProblem(request: object, problem: Problem): void {
  answered.set(request, problem);
}

/** The problem that a request was answered with; `null` where it was none. */
export function problemAnswered(request: object): Problem | null {
  return answered.get(request) ?? null;
}
