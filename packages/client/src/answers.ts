/** What `POST /grants` answers. Times are ISO 8601 in UTC; the cookies themselves stay out of reach of the page. */
export interface Grant {
  readonly id: string;
  /** What was opened: the prefix asked for, or the wider live one that already covers it. */
  readonly prefix: string;
  readonly resource: string;
  readonly expiresAt: string;
  readonly renewAfter: string;
  readonly keyPairId: string;
}

/** What `POST /signed-urls` answers. */
export interface SignedUrl {
  readonly id: string;
  /** Works for everybody who has it, until it ends. */
  readonly url: string;
  /** What the query opens: the address of the file, or with a prefix everything below that folder. */
  readonly resource: string;
  readonly expiresAt: string;
  readonly keyPairId: string;
}

/** One unexpired grant of the caller, from the audit record. */
export interface GrantRecord {
  readonly id: string;
  /** A folder, or of a signed URL of one file its path. */
  readonly prefix: string;
  readonly resource: string;
  /** Cookies are in one browser; a signed URL works for everybody who has it. */
  readonly issuedAs: 'cookies' | 'url';
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** Something the caller may open; `applies: false` says in `reason` why a row does not fit this caller. */
export interface Entitlement {
  readonly subject: string;
  readonly prefix: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly applies: boolean;
  /** The prefix with `{user}` filled in. */
  readonly opens?: string;
  readonly reason?: string;
}

/** What `POST /diagnoses` says of one address. */
export interface Diagnosis {
  readonly url: string;
  /** The page that asked; `null` where the browser named none. */
  readonly origin: string | null;
  /** Whether the caller may open the file: without, it was asked for without cookies. */
  readonly entitled: boolean;
  /** The finding for people. */
  readonly sentence: string;
  /** What the doctor found. */
  readonly diagnosis: {
    /** The one cause, named first; `null` when all is well, and when the evidence does not decide. */
    readonly rootCause: {
      readonly id: string;
      readonly title: string;
      readonly seen: readonly string[];
      readonly why: string;
      readonly fix: { readonly text: string; readonly where?: string; readonly command?: string };
    } | null;
    /** What is left when the evidence does not decide. */
    readonly alsoPossible: readonly { readonly id: string; readonly toTellApart: string }[];
  };
}
