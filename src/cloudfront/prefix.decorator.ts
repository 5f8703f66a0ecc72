import { ValidateBy, buildMessage, type ValidationOptions } from 'class-validator';
import { readPrefix } from './prefix.js';

/** Marks a DTO member that must be a canonical prefix; the rule itself is {@link readPrefix}. */
export function IsPrefix(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isPrefix',
      validator: {
        validate: (value: unknown) => 'prefix' in readPrefix(value),
        defaultMessage: buildMessage(
          (each) => `${each}$property must be a canonical prefix such as courses/algebra, or /`,
          options,
        ),
      },
    },
    options,
  );
}
