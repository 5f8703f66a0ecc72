import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { rsaKeyText } from '../../test/support/key-texts.js';
import { CloudFrontModule } from './cloudfront.module.js';
import { CloudFrontService, type CloudFrontOptions } from './cloudfront.service.js';
import { SignerFailedError } from './signing/signer.js';

const options: CloudFrontOptions = {
  cloudFrontUrl: 'https://cdn.media.example.com',
  publicUrl: 'https://api.media.example.com',
  appOrigins: ['https://app.example.com'],
  keyPairId: 'K1',
  privateKey: rsaKeyText,
};

@Injectable()
class HostConfiguration {
  readonly key = rsaKeyText;
}

@Module({ providers: [HostConfiguration], exports: [HostConfiguration] })
class HostConfigurationModule {}

describe('CloudFrontModule', () => {
  it('forRoot gives a host application the service, ready to sign', async () => {
    const app = await Test.createTestingModule({ imports: [CloudFrontModule.forRoot(options)] }).compile();
    await app.init();
    const set = await app.get(CloudFrontService).prepare('courses/algebra', 4_102_444_800);
    expect(set.resource).toBe('https://cdn.media.example.com/courses/algebra/*');
    await app.close();
  });

  it('stops the start on a Node that is too old, in one sentence', async () => {
    const versions = Object.getOwnPropertyDescriptor(process, 'versions')!;
    Object.defineProperty(process, 'versions', {
      ...versions,
      value: { ...process.versions, node: '20.20.2' },
    });
    try {
      await expect(
        Test.createTestingModule({ imports: [CloudFrontModule.forRoot(options)] }).compile(),
      ).rejects.toThrow(new Error('edgepass needs Node 22.12 or newer and this is Node 20.20.2.'));
    } finally {
      Object.defineProperty(process, 'versions', versions);
    }
  });

  it('forRootAsync takes the options from a provider of the host', async () => {
    const app = await Test.createTestingModule({
      imports: [
        CloudFrontModule.forRootAsync({
          imports: [HostConfigurationModule],
          inject: [HostConfiguration],
          useFactory: (configuration: HostConfiguration) => ({ ...options, privateKey: configuration.key }),
        }),
      ],
    }).compile();
    expect(app.get(CloudFrontService).keyPairId).toBe('K1');
    await app.close();
  });

  it('stops the start of the host when the options cannot work', async () => {
    const wrong = { ...options, cloudFrontUrl: 'https://d111.cloudfront.net' };
    await expect(
      Test.createTestingModule({ imports: [CloudFrontModule.forRoot(wrong)] }).compile(),
    ).rejects.toThrow('d111.cloudfront.net lies below the public suffix cloudfront.net');
  });

  it('closing the application ends the signing threads', async () => {
    const app = await Test.createTestingModule({ imports: [CloudFrontModule.forRoot(options)] }).compile();
    await app.init();
    const service = app.get(CloudFrontService);
    await app.close();
    await expect(service.prepare('a', 4_102_444_800)).rejects.toThrow(SignerFailedError);
  });
});
