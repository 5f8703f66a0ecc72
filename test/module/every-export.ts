/**
 * Checked by `npm run lint` against the source, and by own-backend.spec.ts against the packed tarball
 * (which changes the address of the import). Nothing here runs: it says what a host may write, and what not.
 */
import type { CanActivate, Type } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ancestorsOf,
  CloudFrontModule,
  CloudFrontOptionsError,
  CloudFrontService,
  escapedPrefix,
  GrantsModule,
  Problem,
  ProblemFilter,
  readPrefix,
  type Clock,
  type CloudFrontDescription,
  type CloudFrontOptions,
  type CookieResponse,
  type CookieSet,
  type CookieViewer,
  type GrantRecord,
  type GrantsModuleAsyncOptions,
  type GrantsModuleOptions,
  type GrantsOptions,
  type HeldGrant,
  type HeldGrants,
  type HostPorts,
  type MayOpen,
  type Permission,
  type PortToken,
  type Prefix,
  type PrefixFault,
  type PrefixRefusal,
  type ProblemCode,
  type RecordGrant,
  type SignedUrl,
  type StoredGrant,
  type Viewer,
  type ViewerPort,
} from '../../src/index.js';

/** A host's own user: a viewer and more. `mayOpen` may ask for it, because `read` gave it. */
interface Member extends Viewer {
  readonly plan: 'free' | 'paid';
}

interface HostRequest extends IncomingMessage {
  readonly member?: Member;
}

declare const SessionGuard: Type<CanActivate>;

class Rights implements MayOpen {
  async mayOpen(viewer: Member, prefix: Prefix): Promise<Permission | null> {
    const folders: readonly string[] = ancestorsOf(prefix);
    return viewer.plan === 'paid' && folders.includes('courses') ? { untilEpochSeconds: null } : null;
  }
}

class Trail implements RecordGrant {
  async record(grant: GrantRecord): Promise<void> {
    if (grant.expiresAtEpochSeconds <= grant.issuedAtEpochSeconds) throw new Problem('audit_unavailable');
  }
}

/** As an earlier edgepass recorded it. */
export const stored: StoredGrant = {
  id: '1',
  viewerId: 'u1',
  prefix: 'courses',
  resource: 'https://cdn.example.com/courses/*',
  keyPairId: 'K1',
  issuedAtEpochSeconds: 1,
  expiresAtEpochSeconds: 2,
};

class Config {
  readonly cloudFront!: CloudFrontOptions;
}

const clock: Clock = { nowEpochSeconds: () => 1_800_000_000 };
const viewer: ViewerPort = { guards: [SessionGuard], read: (request: HostRequest) => request.member ?? null };
const rights: PortToken<MayOpen> = Rights;
const ports: HostPorts = { viewer, mayOpen: rights, record: Trail };
const values: GrantsOptions = { cloudFront: new Config().cloudFront, ttlSeconds: 900, clock };
const together: GrantsModuleOptions = { ...ports, ...values };
const later: GrantsModuleAsyncOptions = {
  ...ports,
  inject: [Config, { token: 'region', optional: true }],
  useFactory: async ({ cloudFront }: Config, region?: string) => ({
    cloudFront,
    ttlSeconds: region === 'eu' ? 600 : 900,
  }),
};

export const mounted = [
  GrantsModule.forRoot(together),
  GrantsModule.forRootAsync(later),
  CloudFrontModule.forRoot(values.cloudFront),
  CloudFrontModule.forRootAsync({ inject: [Config], useFactory: (config: Config) => config.cloudFront }),
];

export async function byHand(request: IncomingMessage, node: ServerResponse): Promise<Error | null> {
  try {
    const service = new CloudFrontService(values.cloudFront);
    const response: CookieResponse = node;
    const { fingerprint }: CloudFrontDescription = service.describe();
    const whose: CookieViewer = { id: 'u1' };
    const set: CookieSet = await service.prepare('courses/algebra', new Date());
    const signed: SignedUrl = await service.signUrl('courses/algebra/1.mp4', new Date(), {
      prefix: 'courses',
    });
    if (signed.url === set.resource) return null;
    service.write(response, set, whose);
    service.clear(response, ['courses/algebra']);
    const held: HeldGrants = service.held(request, whose);
    const wider: HeldGrant | null = service.widerHeld(request, 'courses/algebra/lesson-1', whose);
    return held.own.length === 0 && wider === null ? null : new Error(fingerprint);
  } catch (error) {
    return error instanceof CloudFrontOptionsError ? error : null;
  }
}

export function refusals(value: unknown): ProblemCode | PrefixFault | Prefix {
  const read = readPrefix(value);
  if ('prefix' in read) return escapedPrefix(read.prefix) === '' ? 'prefix_invalid' : read.prefix;
  const { fault, detail }: PrefixRefusal = read;
  return new ProblemFilter() instanceof ProblemFilter ? new Problem(fault, { detail }).code : fault;
}

export const wrong = [
  // @ts-expect-error a class that cannot answer the question is no port
  GrantsModule.forRoot({ ...together, mayOpen: Trail }),
  // @ts-expect-error nor one that cannot record
  GrantsModule.forRoot({ ...together, record: Rights }),
  // @ts-expect-error the record is not optional
  GrantsModule.forRoot({ viewer, mayOpen: Rights, ...values }),
  // @ts-expect-error CloudFrontOptions has no such member
  CloudFrontModule.forRoot({ ...values.cloudFront, CLOUDFRONT_DOMAIN: 'https://cdn.example.com' }),
  // @ts-expect-error a text is no prefix until it has been read
  ancestorsOf('courses/algebra'),
  // @ts-expect-error nor is it escaped before
  escapedPrefix('courses/algebra'),
  // @ts-expect-error the codes are a closed list
  new Problem('something_else'),
];
