import { registerDecorator } from 'class-validator';
import type { ProblemCode } from './problem-codes.js';

/**
 * A DTO member that must pass a plain function, refused with a code of its own. Several may be stacked
 * where one member can be wrong in several ways: exactly the one that fails names the code.
 */
export function Checked(code: ProblemCode, accepts: (value: unknown) => boolean): PropertyDecorator {
  return (target, member) => {
    registerDecorator({
      name: code,
      target: target.constructor,
      propertyName: String(member),
      options: { context: { code } },
      validator: { validate: accepts },
    });
  };
}
