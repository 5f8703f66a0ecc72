import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { AdminGrantsController } from './admin-grants.controller.js';
import { RecordRefusals } from './record-refusals.js';

/** What happened: records refusals, and shows the log to administrators. Needs the global database and clock. */
@Module({})
export class AuditModule {
  /** @param hasAdmins without an admin group the admin routes do not exist */
  static forRoot(options: {
    readonly signIn: NonNullable<ModuleMetadata['imports']>[number];
    readonly hasAdmins: boolean;
  }): DynamicModule {
    return {
      module: AuditModule,
      imports: [options.signIn],
      controllers: options.hasAdmins ? [AdminGrantsController] : [],
      providers: [RecordRefusals],
      exports: [RecordRefusals],
    };
  }
}
