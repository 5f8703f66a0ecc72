import { Module } from '@nestjs/common';
import { CoursesModule } from '../courses/courses.module.js';
import { SchoolConfig } from '../school-config.js';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { AuditTrail } from './audit-trail.js';
import { CourseAccess } from './course-access.js';

/** What edgepass asks the school for: the sessions that the guard reads, the two ports, the settings. */
@Module({
  imports: [SignInModule, CoursesModule],
  providers: [SchoolConfig, CourseAccess, AuditTrail],
  exports: [SignInModule, SchoolConfig, CourseAccess, AuditTrail],
})
export class AccessModule {}
