import { registerDecorator } from 'class-validator';
import type { ProblemCode } from './problem-codes.js';

/**
 * A DTO member that must pass a plain function, refused with a code of its own. Several may be stacked
 * where one member can be wrong in several ways: exactly the one that fails names the code.
 * @param detailOf what the caller is answered beside the code, of a value that was not accepted
 */
export function Checked(
  code: ProblemCode,
  accepts: (value: unknown) => boolean,
  detailOf: (value: unknown) => string = () => '',
): PropertyDecorator {
  return (target, member) => {
    registerDecorator({
      name: code,
      target: target.constructor,
      propertyName: String(member),
      options: { context: { code } },
      validator: { validate: accepts, defaultMessage: (of) => detailOf(of?.value) },
    });
  };
}
