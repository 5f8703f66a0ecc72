import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import type { CookieOptions, Request, Response } from 'express';
import { Members, type Member } from './members.js';
import { SessionGuard, sessionOf, type SchoolRequest } from './session.guard.js';
import { SESSION_COOKIE, Sessions } from './sessions.js';

class SignInDto {
  @IsString()
  name!: string;

  @IsString()
  password!: string;
}

const COOKIE: CookieOptions = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' };

@Controller('session')
export class SessionController {
  constructor(
    private readonly members: Members,
    private readonly sessions: Sessions,
  ) {}

  @Post()
  signIn(@Body() body: SignInDto, @Res({ passthrough: true }) response: Response): Member {
    const member = this.members.identify(body.name, body.password);
    if (!member) throw new UnauthorizedException('Wrong name or password');
    response.cookie(SESSION_COOKIE, this.sessions.open(member), COOKIE);
    return member;
  }

  @Get()
  @UseGuards(SessionGuard)
  whoAmI(@Req() request: SchoolRequest): Member | undefined {
    return request.member;
  }

  @Delete()
  @HttpCode(204)
  signOut(@Req() request: Request, @Res({ passthrough: true }) response: Response): void {
    this.sessions.close(sessionOf(request));
    response.clearCookie(SESSION_COOKIE, COOKIE);
  }
}
