/** The code that stands in the XML of a refusal. */
export type RefusalCode =
  | 'MissingKey'
  | 'AccessDenied'
  | 'InvalidKey'
  | 'MalformedPolicy'
  | 'MalformedSignature';

/** Why a viewer may not have what was asked for, with one word for the edge's own log that never reaches the viewer. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** Ends the checks of a request; only `authorizeViewer` catches it. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.reason);
  }
}

/** Ends the checks of a request with this code. */
export function refuse(code: RefusalCode, reason: string): never {
  throw new Refused({ code, reason });
}
