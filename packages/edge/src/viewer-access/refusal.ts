/** The code that the refusal's XML carries (R51–R55). */
export type RefusalCode =
  'MissingKey' | 'AccessDenied' | 'InvalidKey' | 'MalformedPolicy' | 'MalformedSignature';

/** A refusal, with one word for the edge's own log that never reaches the viewer. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** Ends the judgement of a viewer; only `judgeViewer` catches it. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.reason);
  }
}

/** Ends the judgement with this code. */
export function refuse(code: RefusalCode, reason: string): never {
  throw new Refused({ code, reason });
}
