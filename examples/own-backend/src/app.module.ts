import { Module } from '@nestjs/common';
import { CoursesModule } from './courses/courses.module.js';
import { MediaModule } from './media/media.module.js';
import { PreviewsModule } from './previews/previews.module.js';
import { SignInModule } from './sign-in/sign-in.module.js';

@Module({ imports: [SignInModule, CoursesModule, MediaModule, PreviewsModule] })
export class AppModule {}
