import type { Element } from '../xml.js';

/** CloudFront's own errors, as its API answers them. */
const ERRORS = {
  InvalidArgument: { status: 400, message: 'The argument is invalid.' },
  InconsistentQuantities: {
    status: 400,
    message: 'The value of Quantity and the size of Items do not match.',
  },
  MissingBody: { status: 400, message: 'This operation requires a body. Ensure that the body is present.' },
  MalformedXML: {
    status: 400,
    message: 'The XML document that you provided was not well-formed or did not validate.',
  },
  AccessDenied: { status: 403, message: 'Access denied.' },
  NoSuchDistribution: { status: 404, message: 'The specified distribution does not exist.' },
  NoSuchInvalidation: { status: 404, message: 'The specified invalidation does not exist.' },
  InvalidAction: {
    status: 404,
    message: 'The local edge answers CreateInvalidation and GetInvalidation alone.',
  },
  BatchTooLarge: { status: 413, message: 'Invalidation batch specified is too large.' },
} as const;

/** The code of an error. */
export type ControlErrorCode = keyof typeof ERRORS;

/** A call that cannot be answered as it was meant. */
export class ControlError extends Error {
  override readonly name = 'ControlError';

  constructor(
    readonly code: ControlErrorCode,
    message: string = ERRORS[code].message,
  ) {
    super(message);
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  toElement(requestId: string): Element {
    const error: Element = [
      'Error',
      [
        ['Type', 'Sender'],
        ['Code', this.code],
        ['Message', this.message],
      ],
    ];
    return ['ErrorResponse', [error, ['RequestId', requestId]]];
  }
}
