import { Module } from '@nestjs/common';
import { SignInModule } from '../sign-in/sign-in.module.js';
import { CoursesController } from './courses.controller.js';
import { Courses } from './courses.js';

@Module({
  imports: [SignInModule],
  controllers: [CoursesController],
  providers: [Courses],
  exports: [Courses],
})
export class CoursesModule {}
