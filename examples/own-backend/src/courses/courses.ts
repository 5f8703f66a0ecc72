import { Injectable } from '@nestjs/common';

export interface Course {
  readonly id: string;
  readonly title: string;
  /** Where its files lie in the distribution: the folder's own name, not its escaped form. */
  readonly folder: string;
}

export interface Enrolment {
  readonly memberId: string;
  readonly courseId: string;
  /** `null` = without end. */
  readonly endsAt: Date | null;
}

const TRIAL_MILLISECONDS = 5 * 60_000;

/** What the school teaches, and whom. A real one asks its database. */
@Injectable()
export class Courses {
  readonly #courses: readonly Course[] = [
    { id: 'algebra', title: 'Algebra', folder: 'courses/algebra' },
    { id: 'geometry', title: 'Geometry', folder: 'courses/geometry' },
    { id: 'linear-algebra', title: '선형 대수', folder: 'courses/선형 대수' },
  ];

  readonly #enrolments: readonly Enrolment[] = [
    { memberId: 'sam', courseId: 'algebra', endsAt: null },
    { memberId: 'sam', courseId: 'linear-algebra', endsAt: null },
    { memberId: 'sam', courseId: 'geometry', endsAt: new Date('2020-01-01T00:00:00Z') },
    { memberId: 'mia', courseId: 'algebra', endsAt: new Date(Date.now() + TRIAL_MILLISECONDS) },
  ];

  list(): readonly Course[] {
    return this.#courses;
  }

  find(id: string): Course | undefined {
    return this.#courses.find((course) => course.id === id);
  }

  /** As SQL: `WHERE folder IN (…)`. */
  findByFolder(folders: readonly string[]): Course | undefined {
    return this.#courses.find((course) => folders.includes(course.folder));
  }

  enrolmentOf(memberId: string, course: Course): Enrolment | undefined {
    return this.#enrolments.find(
      (enrolment) => enrolment.memberId === memberId && enrolment.courseId === course.id,
    );
  }
}
