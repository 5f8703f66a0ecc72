import { Controller, Get, UseGuards } from '@nestjs/common';
import { SessionGuard } from '../sign-in/session.guard.js';
import { Courses, type Course } from './courses.js';

@Controller('courses')
@UseGuards(SessionGuard)
export class CoursesController {
  constructor(private readonly courses: Courses) {}

  @Get()
  list(): readonly Course[] {
    return this.courses.list();
  }
}
