import { Module } from '@nestjs/common';
import { CoursesModule } from '../courses/courses.module.js';
import { MediaModule } from '../media/media.module.js';
import { PreviewsController } from './previews.controller.js';

/** A route of the school's own that needs no ports: only the `CloudFrontService` that `MediaModule` exports. */
@Module({ imports: [MediaModule, CoursesModule], controllers: [PreviewsController] })
export class PreviewsModule {}
