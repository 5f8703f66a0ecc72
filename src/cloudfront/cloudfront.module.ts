import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { CloudFrontService, type CloudFrontOptions } from './cloudfront.service.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<CloudFrontOptions>({
  moduleName: 'CloudFront',
})
  .setClassMethodName('forRoot')
  .build();

/**
 * CloudFrontService for a Nest application: `forRoot(options)` or `forRootAsync({ useFactory, inject })`.
 * @example CloudFrontModule.forRoot({ cloudFrontUrl, publicUrl, appOrigins, privateKey })
 */
@Module({
  providers: [
    {
      provide: CloudFrontService,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: CloudFrontOptions) => new CloudFrontService(options),
    },
  ],
  exports: [CloudFrontService],
})
export class CloudFrontModule extends ConfigurableModuleClass {}
