/**
 * A value that somebody hands in and that can be wrong. Hosts set it as an option, operators as a setting:
 * what they call it is not known here, they bring a table of {@link FieldNames}.
 */
export type CloudFrontField =
  | 'publicUrl'
  | 'cloudFrontUrl'
  | 'appOrigins'
  | 'keyPairId'
  | 'privateKey'
  /** The file that the private key was read from, where there is one. */
  | 'privateKeyFile'
  | 'cookies.domain'
  | 'cookies.sameSite'
  | 'cookies.secure'
  | 'cookies.partitioned';

/** What the reader of the messages calls each field. */
export type FieldNames = Readonly<Record<CloudFrontField, string>>;

/** Why a value cannot be used. The sentences have the names of the caller's table; none holds a byte of a key. */
export interface CloudFrontFault {
  readonly field: CloudFrontField;
  readonly expected: string;
  readonly found: string;
  readonly todo: string;
}
