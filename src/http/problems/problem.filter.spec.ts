import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  HttpCode,
  HttpException,
  Logger,
  MethodNotAllowedException,
  Module,
  Param,
  Post,
  Res,
  UnauthorizedException,
  UseFilters,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Response } from 'express';
import request from 'supertest';
import { jsonBody } from '../body/json-body.js';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.js';
import { ProblemFilter } from './problem.filter.js';
import { Problem } from './problem.js';
import { readBody } from '../members.js';

const SECRET = 'canary-4f1c';

const MEMBERS = {
  prefix: (value: unknown) => {
    if (value === undefined) throw new Problem('prefix_required');
    if (value !== 'private/a') throw new Problem('prefix_invalid');
    return value;
  },
  ttlSeconds: (value: unknown) => {
    if (value === undefined || Number.isInteger(value)) return value;
    throw new Problem('ttl_invalid', { detail: 'ttlSeconds must be an integer' });
  },
};

class DatabaseError extends Error {
  readonly parameters = [SECRET];
  readonly code = '57P01';
}

@Controller()
class Routes {
  @Post('grants')
  grant(@Body() body: unknown): object {
    return readBody(body, MEMBERS);
  }

  @Get('item/:id')
  item(@Param('id') id: string): string {
    return id;
  }

  @Get('problem/:code')
  problem(@Param('code') code: ProblemCode): never {
    throw new Problem(code, { reason: 'asked_for' });
  }

  @Get('status/:status')
  status(@Param('status') status: string): never {
    throw new HttpException(SECRET, Number(status));
  }

  @Get('detailed')
  detailed(): never {
    throw new Problem('keys_unavailable', {
      detail: 'Ask again later',
      retryAfterSeconds: 30,
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }

  @Get('limited')
  limited(@Res({ passthrough: true }) response: Response): never {
    response.setHeader('Retry-After', '77');
    throw new HttpException('slow down', 429);
  }

  @Get('crash')
  crash(): never {
    throw new DatabaseError('connection lost', { cause: new TypeError('socket') });
  }

  @Get('throws-text')
  throwsText(): never {
    // oxlint-disable-next-line typescript/only-throw-error -- the filter must survive what other people throw
    throw SECRET;
  }

  @Get('half')
  half(@Res() response: Response): void {
    response.write('half an ');
    throw new Error('after the head');
  }

  @Get('guarded')
  guarded(): never {
    throw new UnauthorizedException(SECRET);
  }

  @Get('forbidden')
  forbidden(): never {
    throw new ForbiddenException(SECRET);
  }

  @Get('method')
  method(): never {
    throw new MethodNotAllowedException(SECRET);
  }

  @Post('ok')
  @HttpCode(200)
  ok(): string {
    return 'ok';
  }
}

@Module({ controllers: [Routes] })
class TinyModule {}

async function start(useOurReader: boolean): Promise<NestExpressApplication> {
  const module = await Test.createTestingModule({ imports: [TinyModule] }).compile();
  const app = module.createNestApplication<NestExpressApplication>({ bodyParser: !useOurReader });
  if (useOurReader) app.use(jsonBody);
  app.useGlobalFilters(new ProblemFilter());
  await app.init();
  return app;
}

let app: NestExpressApplication;
let logged: { level: 'log' | 'warn' | 'error'; entry: Record<string, unknown> }[];
beforeAll(async () => {
  app = await start(true);
});
afterAll(() => app.close());
beforeEach(() => {
  logged = [];
  for (const level of ['log', 'warn', 'error'] as const) {
    jest
      .spyOn(Logger.prototype, level)
      .mockImplementation((entry) => void logged.push({ level, entry: entry as Record<string, unknown> }));
  }
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the answer of a problem', () => {
  it('has the members of RFC 9457 and the code, in a fixed order', async () => {
    const answer = await request(app.getHttpServer()).get('/problem/not_entitled');
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const body = JSON.parse(answer.text) as { instance: string };
    expect(Object.keys(body)).toStrictEqual(['type', 'title', 'status', 'code', 'instance']);
    expect(body).toStrictEqual({
      type: 'urn:edgepass:error:not_entitled',
      title: 'The caller may not open this prefix',
      status: 403,
      code: 'not_entitled',
      instance: body.instance,
    });
    expect(body.instance).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('carries detail, Retry-After and the headers of the problem', async () => {
    const answer = await request(app.getHttpServer()).get('/detailed');
    expect([
      answer.body.detail,
      answer.headers['retry-after'],
      answer.headers['www-authenticate'],
    ]).toStrictEqual(['Ask again later', '30', 'Bearer']);
  });

  it.each(Object.keys(PROBLEM_CODES) as ProblemCode[])(
    'has for %s its own status, and is never stored',
    async (code) => {
      const answer = await request(app.getHttpServer()).get(`/problem/${code}`);
      const { status, title } = PROBLEM_CODES[code];
      expect([answer.status, answer.body.status, answer.body.title]).toStrictEqual([status, status, title]);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.headers['retry-after']).toBe([429, 503].includes(status) ? '5' : undefined);
    },
  );

  it('keeps the Retry-After that a limiter has set', async () => {
    const answer = await request(app.getHttpServer()).get('/limited');
    expect([answer.body.code, answer.headers['retry-after']]).toStrictEqual(['rate_limited', '77']);
  });

  it('has no body on HEAD', async () => {
    const answer = await request(app.getHttpServer()).head('/problem/not_entitled');
    expect([answer.status, answer.text]).toStrictEqual([403, undefined]);
  });

  it('breaks off an answer that is already half out', async () => {
    await expect(request(app.getHttpServer()).get('/half')).rejects.toThrow('socket hang up');
  });
});

describe("what Nest's and Express's own errors become", () => {
  it.each([
    ['/nowhere', 404, 'not_found'],
    ['/guarded', 401, 'token_missing'],
    ['/forbidden', 403, 'not_entitled'],
    ['/method', 405, 'method_not_allowed'],
    ['/item/%ff', 400, 'request_malformed'],
    ['/item/%', 400, 'request_malformed'],
    ['/status/408', 408, 'request_timeout'],
    ['/status/406', 400, 'request_malformed'],
    ['/status/418', 400, 'request_malformed'],
    ['/status/500', 500, 'internal'],
    ['/status/502', 500, 'internal'],
    ['/status/503', 503, 'overloaded'],
  ])('GET %s: %i %s', async (path, status, code) => {
    const answer = await request(app.getHttpServer()).get(path);
    expect([answer.status, answer.body.code]).toStrictEqual([status, code]);
    expect(answer.text).not.toContain(SECRET);
    expect(answer.text).not.toContain(path);
  });

  describe("with Nest's own body parser (a host application)", () => {
    let host: NestExpressApplication;
    beforeAll(async () => {
      host = await start(false);
    });
    afterAll(() => host.close());

    const post = (body: string, headers: Record<string, string>) =>
      request(host.getHttpServer())
        .post('/grants')
        .set(headers)
        .serialize((given: unknown) => given as string)
        .send(body);
    const json = { 'Content-Type': 'application/json' };

    it.each<[string, string, Record<string, string>, number, string]>([
      ['broken JSON', `{"prefix":"${SECRET}"`, json, 400, 'body_malformed'],
      ['more than its limit', `{"prefix":"${'x'.repeat(200_000)}"}`, json, 413, 'body_too_large'],
      [
        'another charset',
        '{}',
        { 'Content-Type': 'application/json; charset=x' },
        415,
        'media_type_unsupported',
      ],
      ['an unknown encoding', '{}', { ...json, 'Content-Encoding': 'x' }, 415, 'media_type_unsupported'],
      ['an array', '["private/a"]', json, 400, 'body_malformed'],
      ['no body (its parser makes {} of it)', '', json, 400, 'prefix_required'],
      ['depth', `{"prefix":${'['.repeat(9000)}${']'.repeat(9000)}}`, json, 400, 'body_malformed'],
    ])('%s', async (_what, body, headers, status, code) => {
      const answer = await post(body, headers);
      expect([answer.status, answer.body.code]).toStrictEqual([status, code]);
      expect(answer.text).not.toContain(SECRET);
    });
  });
});

describe('the log of a problem', () => {
  it('has for a refusal the request id of the answer, the code and the reason, and no error', async () => {
    const answer = await request(app.getHttpServer()).get('/problem/token_invalid');
    expect(logged).toStrictEqual([
      {
        level: 'log',
        entry: {
          msg: 'request refused',
          requestId: (answer.body.instance as string).replace('urn:uuid:', ''),
          code: 'token_invalid',
          reason: 'asked_for',
        },
      },
    ]);
  });

  it('has for a crash the error with its causes; the answer has neither', async () => {
    const answer = await request(app.getHttpServer()).get('/crash');
    expect([answer.status, answer.body.code, answer.body.detail]).toStrictEqual([500, 'internal', undefined]);
    expect(logged).toStrictEqual([
      {
        level: 'error',
        entry: {
          msg: 'request failed',
          requestId: (answer.body.instance as string).replace('urn:uuid:', ''),
          code: 'internal',
          reason: 'Error',
          error: {
            name: 'Error',
            message: 'connection lost',
            code: '57P01',
            stack: expect.stringContaining('connection lost'),
            cause: { name: 'TypeError', message: 'socket', stack: expect.stringContaining('socket') },
          },
        },
      },
    ]);
  });

  it('never has the other members of an error (K13)', async () => {
    await request(app.getHttpServer()).get('/crash');
    await request(app.getHttpServer()).get('/throws-text');
    expect(logged).toHaveLength(2);
    expect(JSON.stringify(logged)).not.toContain(SECRET);
  });
});

describe('reading a body', () => {
  const post = (body: string) =>
    request(app.getHttpServer())
      .post('/grants')
      .set('Content-Type', 'application/json')
      .serialize((given: unknown) => given as string)
      .send(body);

  it('gives what its readers give', async () => {
    const answer = await post('{"prefix":"private/a","ttlSeconds":900}');
    expect([answer.status, answer.body]).toStrictEqual([201, { prefix: 'private/a', ttlSeconds: 900 }]);
  });

  it.each([
    ['M01: nothing in it', '{}', 'prefix_required'],
    ['another prefix', `{"prefix":"${SECRET}"}`, 'prefix_invalid'],
    ['the prefix null', '{"prefix":null}', 'prefix_invalid'],
    ['two faults: the first reader', '{"prefix":"x","ttlSeconds":"x"}', 'prefix_invalid'],
    ['a ttl that is text', '{"prefix":"private/a","ttlSeconds":"900"}', 'ttl_invalid'],
    ['M06: __proto__', '{"__proto__":{"isAdmin":true},"prefix":"private/a"}', 'field_unknown'],
    ['M06: constructor', '{"constructor":{"prototype":{}},"prefix":"private/a"}', 'field_unknown'],
    ['toString', '{"toString":1,"prefix":"private/a"}', 'field_unknown'],
  ])('%s: %s is refused as %s', async (_what, body, code) => {
    const answer = await post(body);
    expect([answer.status, answer.body.code]).toStrictEqual([400, code]);
    expect(answer.text).not.toContain(SECRET);
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it.each([
    'userId',
    'roles',
    'resource',
    'policy',
    'ipAddress',
    'keyPairId',
    'domain',
    'sameSite',
    'secure',
    'path',
  ])('M08: the extra member %s is refused as field_unknown, with the members that exist', async (member) => {
    const answer = await post(JSON.stringify({ prefix: 'private/a', [member]: SECRET }));
    expect([answer.body.code, answer.body.detail]).toStrictEqual([
      'field_unknown',
      'Members of this call: prefix, ttlSeconds',
    ]);
    expect(answer.text).not.toContain(SECRET);
  });

  it('gives the detail that the reader names', async () => {
    expect((await post('{"prefix":"private/a","ttlSeconds":1.5}')).body.detail).toBe(
      'ttlSeconds must be an integer',
    );
  });
});

describe('on one controller of a host application', () => {
  @Controller('ours')
  @UseFilters(ProblemFilter)
  class Ours {
    @Get()
    refuse(): never {
      throw new Problem('not_entitled');
    }
  }
  @Controller('theirs')
  class Theirs {
    @Get()
    refuse(): never {
      throw new ForbiddenException('theirs');
    }
  }
  @Module({ controllers: [Ours, Theirs] })
  class HostModule {}

  let host: NestExpressApplication;
  beforeAll(async () => {
    const module = await Test.createTestingModule({ imports: [HostModule] }).compile();
    host = module.createNestApplication<NestExpressApplication>();
    await host.init();
  });
  afterAll(() => host.close());

  it('answers our problems', async () => {
    expect((await request(host.getHttpServer()).get('/ours')).body.code).toBe('not_entitled');
  });

  it("leaves the host's own errors alone", async () => {
    expect((await request(host.getHttpServer()).get('/theirs')).body).toStrictEqual({
      message: 'theirs',
      error: 'Forbidden',
      statusCode: 403,
    });
  });
});
