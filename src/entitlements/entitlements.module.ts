import { Module, type DynamicModule, type ModuleMetadata } from '@nestjs/common';
import { CLOCK, type Clock } from '../operation/clock.js';
import { Database } from '../database/database.js';
import { AdminEntitlementsController } from './admin-entitlements.controller.js';
import { EntitlementRepository } from './entitlement.repository.js';
import { EntitlementService } from './entitlement.service.js';
import { EntitlementsController } from './entitlements.controller.js';

/** What they may open. Needs the global {@link Database} and clock, and the guards of the sign-in module. */
@Module({})
export class EntitlementsModule {
  /** @param hasAdmins without an admin group the admin routes do not exist */
  static forRoot(options: {
    readonly signIn: NonNullable<ModuleMetadata['imports']>[number];
    readonly hasAdmins: boolean;
  }): DynamicModule {
    return {
      module: EntitlementsModule,
      imports: [options.signIn],
      controllers: [EntitlementsController, ...(options.hasAdmins ? [AdminEntitlementsController] : [])],
      providers: [
        {
          provide: EntitlementRepository,
          inject: [Database],
          useFactory: (database: Database) => new EntitlementRepository(database),
        },
        {
          provide: EntitlementService,
          inject: [EntitlementRepository, CLOCK],
          useFactory: (repository: EntitlementRepository, clock: Clock) =>
            new EntitlementService(repository, clock),
        },
      ],
      exports: [EntitlementRepository, EntitlementService],
    };
  }
}
