import { Controller, Get, Header, Inject, Logger, type OnModuleInit } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RemoteKeySet } from '../authentication/remote-key-set.js';
import { clockUntrusted, TRUSTED_CLOCK, type TrustedClock } from '../operation/trusted-clock.js';
import { Database, databaseUnavailable } from '../database/database.js';
import { AnswersProblems } from './problems/answers-problems.decorator.js';
import { TakesNoQuery } from './members.js';
import { Problem } from './problems/problem.js';
import { OperatingState } from '../operation/operating-state.js';

/** No names, no versions, no secrets: everyone who reaches the port may read it. */
export class HealthDto {
  @ApiProperty({
    enum: ['ok', 'degraded'],
    description: '`degraded`: it serves, but an operator has to put something right; the log says what',
  })
  status!: 'ok' | 'degraded';
}

@ApiTags('health')
@Controller('health')
export class HealthController implements OnModuleInit {
  readonly #logger = new Logger(HealthController.name);

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(OperatingState) private readonly state: OperatingState,
    @Inject(RemoteKeySet) private readonly issuerKeys: RemoteKeySet | null,
    @Inject(TRUSTED_CLOCK) private readonly clock: TrustedClock,
  ) {}

  /** For the person on call: why the balancer stopped sending requests, and since when it does again. */
  onModuleInit(): void {
    const { readiness } = this.database;
    const tell = (error: unknown): void => {
      if (error === null) this.#logger.log({ msg: 'the database is ready' });
      else
        this.#logger.warn({
          msg: 'the database is not ready; trying again',
          ...this.database.explain(error),
        });
    };
    readiness.onChange(tell);
    if (!readiness.isReady) tell(readiness.lastError ?? new Error('no answer yet'));
  }

  /** A page may probe it without CORS to tell an untrusted certificate from a refusal (F48). */
  @Get('live')
  @TakesNoQuery()
  @Header('Cross-Origin-Resource-Policy', 'cross-origin')
  @ApiOperation({ summary: 'The process answers; a restart would not help otherwise' })
  @ApiOkResponse({ type: HealthDto })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @TakesNoQuery()
  @ApiOperation({ summary: 'A grant could succeed now' })
  @ApiOkResponse({ type: HealthDto })
  @AnswersProblems('database_unavailable', 'keys_unavailable', 'clock_untrusted', 'overloaded')
  ready(): HealthDto {
    if (this.state.isDraining) {
      throw new Problem('overloaded', { reason: 'draining', retryAfterSeconds: 1, isLoggedByState: true });
    }
    const { fault } = this.clock;
    if (fault !== null) throw clockUntrusted(fault);
    if (!this.database.readiness.isReady) throw databaseUnavailable();
    const problem = this.issuerKeys?.problem ?? null;
    if (problem !== null) throw problem;
    return { status: this.state.degradations.length === 0 ? 'ok' : 'degraded' };
  }
}
