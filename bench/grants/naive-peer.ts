// The peer: what a Nest application looks like that signs as the package's own page shows it. Same body,
// same token check, same Express adapter as edgepass; no database, no audit, no scopes, no CORS, no helmet.
// With CONSTANT_ANSWER it signs nothing, either: what Nest itself costs for this body and this check.
import 'reflect-metadata';
import { createSecretKey } from 'node:crypto';
import { getSignedCookies } from '@aws-sdk/cloudfront-signer';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsInt, IsOptional, IsString, Matches, MaxLength, Min } from 'class-validator';
import type { Request, Response } from 'express';
import { jwtVerify } from 'jose';

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`the naive peer needs ${name}`);
  return value;
};
const tokenKey = createSecretKey(Buffer.from(setting('TOKEN_SECRET')));
const tokenRules = { issuer: setting('ISSUER'), audience: setting('AUDIENCE'), algorithms: ['HS256'] };
const privateKeyPem = setting('PRIVATE_KEY_PEM');
const keyPairId = setting('KEY_PAIR_ID');
const cdnUrl = setting('CDN_URL');
const cookieDomain = setting('COOKIE_DOMAIN');
const defaultTtlSeconds = Number(setting('TTL_SECONDS'));
const isConstant = process.env['CONSTANT_ANSWER'] !== undefined;
const CONSTANT = { prefix: 'a', resource: 'b', expiresAt: 'c', keyPairId: 'd' };

class AskDto {
  @IsString()
  @MaxLength(512)
  @Matches(/^[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9_.~:@=-]*)*$/)
  prefix!: string;

  @IsOptional()
  @IsInt()
  @Min(60)
  ttlSeconds?: number;
}

@Injectable()
class TokenGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request & { viewerId?: string }>();
    try {
      const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
      const { payload } = await jwtVerify(token, tokenKey, tokenRules);
      request.viewerId = payload.sub ?? '';
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}

@Controller('grants')
class GrantsController {
  @Get('ready')
  ready(): string {
    return 'ready';
  }

  @Post()
  @HttpCode(201)
  @UseGuards(TokenGuard)
  ask(
    @Body() body: AskDto,
    @Req() _request: Request & { viewerId?: string },
    @Res({ passthrough: true }) response: Response,
  ): object {
    if (isConstant) return CONSTANT;
    const ttlSeconds = body.ttlSeconds ?? defaultTtlSeconds;
    const expiresAtEpochSeconds = Math.floor(Date.now() / 1000) + ttlSeconds;
    const resource = `${cdnUrl}/${body.prefix}/*`;
    const policy = JSON.stringify({
      Statement: [
        { Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': expiresAtEpochSeconds } } },
      ],
    });
    const cookies = getSignedCookies({ policy, keyPairId, privateKey: privateKeyPem });
    for (const [name, value] of Object.entries(cookies)) {
      response.cookie(name, value, {
        domain: cookieDomain,
        path: `/${body.prefix}`,
        maxAge: ttlSeconds * 1000,
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        encode: String,
      });
    }
    return {
      prefix: body.prefix,
      resource,
      expiresAt: new Date(expiresAtEpochSeconds * 1000).toISOString(),
      keyPairId,
    };
  }
}

@Module({ controllers: [GrantsController] })
class NaiveModule {}

const app = await NestFactory.create(NaiveModule, { logger: ['error'] });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
app.enableShutdownHooks();
await app.listen(Number(setting('PORT')), '127.0.0.1');
