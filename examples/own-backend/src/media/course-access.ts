import { Injectable } from '@nestjs/common';
import { ancestorsOf, type MayOpen, type Permission, type Prefix, type Viewer } from 'edgepass';
import { Courses } from '../courses/courses.js';

/** Port 2 of edgepass: teachers open every course, students those they are enrolled in, nobody else any. */
@Injectable()
export class CourseAccess implements MayOpen {
  constructor(private readonly courses: Courses) {}

  async mayOpen(viewer: Viewer, prefix: Prefix): Promise<Permission | null> {
    // `courses/algebra/lesson-1` lies in `courses/algebra`, in `courses` and in `/`; never in `courses/alg`.
    const course = this.courses.findByFolder(ancestorsOf(prefix));
    if (!course) return null;
    if (viewer.groups.includes('teacher')) return { untilEpochSeconds: null };
    const enrolment = this.courses.enrolmentOf(viewer.id, course);
    if (!enrolment) return null;
    return { untilEpochSeconds: enrolment.endsAt && Math.floor(enrolment.endsAt.getTime() / 1000) };
  }
}
