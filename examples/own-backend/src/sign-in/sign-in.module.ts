import { Module } from '@nestjs/common';
import { Members } from './members.js';
import { SessionController } from './session.controller.js';
import { Sessions } from './sessions.js';

@Module({ controllers: [SessionController], providers: [Members, Sessions], exports: [Sessions] })
export class SignInModule {}
