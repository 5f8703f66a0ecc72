import { Module } from '@nestjs/common';
import { GrantsModule } from 'edgepass';
import { SchoolConfig } from '../school-config.js';
import { SessionGuard, viewerOf } from '../sign-in/session.guard.js';
import { AccessModule } from './access.module.js';
import { AuditTrail } from './audit-trail.js';
import { CourseAccess } from './course-access.js';

/** Mounts `POST`, `GET` and `DELETE /grants` and `POST /signed-urls`: this file is all there is to it. */
@Module({
  imports: [
    GrantsModule.forRootAsync({
      imports: [AccessModule],
      viewer: { guards: [SessionGuard], read: viewerOf },
      mayOpen: CourseAccess,
      record: AuditTrail,
      signedUrls: true,
      inject: [SchoolConfig],
      useFactory: ({ cloudFront }: SchoolConfig) => ({ cloudFront }),
    }),
  ],
  exports: [GrantsModule],
})
export class MediaModule {}
