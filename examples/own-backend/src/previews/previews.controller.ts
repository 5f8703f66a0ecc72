import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { CloudFrontService } from 'edgepass';
import type { Request, Response } from 'express';
import { Courses } from '../courses/courses.js';

const PREVIEW_MILLISECONDS = 5 * 60_000;

/** Everybody may look into a course for five minutes, without signing in. */
@Controller('courses/:course/preview')
export class PreviewsController {
  constructor(
    private readonly courses: Courses,
    private readonly cloudFront: CloudFrontService,
  ) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  async open(
    @Param('course') course: string,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<{ folder: string }> {
    const folder = this.folderOf(course);
    // Who has the whole course open keeps it: cookies whose paths nest would stand in each other's way.
    if (!this.cloudFront.widerHeld(request, folder)) {
      const endsAt = new Date(Date.now() + PREVIEW_MILLISECONDS);
      this.cloudFront.write(response, await this.cloudFront.prepare(folder, endsAt));
    }
    return { folder };
  }

  /** For a television or another program, which has none of the browser's cookies. */
  @Get('trailer')
  @Header('Cache-Control', 'no-store')
  async trailer(@Param('course') course: string): Promise<{ url: string }> {
    const endsAt = new Date(Date.now() + PREVIEW_MILLISECONDS);
    const { url } = await this.cloudFront.signUrl(`${this.folderOf(course)}/trailer.mp4`, endsAt);
    return { url };
  }

  @Delete()
  @HttpCode(204)
  close(@Param('course') course: string, @Res({ passthrough: true }) response: Response): void {
    this.cloudFront.clear(response, [this.folderOf(course)]);
  }

  private folderOf(id: string): string {
    const course = this.courses.find(id);
    if (!course) throw new NotFoundException('No such course');
    return `${course.folder}/preview`;
  }
}
