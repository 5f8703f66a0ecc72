import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import cookieParser from 'cookie-parser';
import { AppModule } from './app.module.js';
import { SchoolConfig } from './school-config.js';
import { SchoolErrorFilter } from './school-error.filter.js';

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  const { siteOrigin, listenPort } = app.get(SchoolConfig);

  // Cookies need all three: credentials, exact origins, and the page's `fetch(…, { credentials: 'include' })`.
  app.enableCors({ origin: [siteOrigin], credentials: true, exposedHeaders: ['Retry-After'] });
  app.use(cookieParser());
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }));
  app.useGlobalFilters(new SchoolErrorFilter());
  app.enableShutdownHooks();

  await app.listen(listenPort, '127.0.0.1');
  console.log(`the school listens on ${await app.getUrl()}`);
}

void main();
