import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

/** How the school answers every refusal of its own. The grant routes keep their problem documents. */
@Catch(HttpException)
export class SchoolErrorFilter implements ExceptionFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    response.status(error.getStatus()).json({ school: 'refused', because: error.message });
  }
}
