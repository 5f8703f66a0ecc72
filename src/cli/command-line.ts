import { parseArgs, type ParseArgsConfig } from 'node:util';
import { errorCode } from '../operation/error-code.js';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What a command takes, beside `--help`. */
export interface CommandForm<O extends Options> {
  readonly name: string;
  /** What `--help` prints, and wrong use after its reason. */
  readonly usage: string;
  readonly options: O;
  /** Whether words without a name are allowed; the command says which. */
  readonly words?: boolean;
}

type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true; args: string[] }>
>['values'];

/** The command was called in a way that it does not know; the message says in one line what was expected. */
export class WrongUse extends Error {
  override readonly name = 'WrongUse';
}

/**
 * Reads the arguments and runs the command with them, or prints its usage.
 * @param run gives the exit code; throws {@link WrongUse}
 * @returns 0 after `--help`, 2 after wrong use, else what `run` gives
 */
export async function runCommand<const O extends Options>(
  form: CommandForm<O>,
  args: readonly string[],
  run: (values: Values<O>, words: readonly string[]) => number | Promise<number>,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...form.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: form.words === true,
    });
    if ('help' in values && values.help === true) {
      process.stdout.write(form.usage);
      return 0;
    }
    return await run(values, positionals);
  } catch (error) {
    const isWrongUse = error instanceof WrongUse || errorCode(error)?.startsWith('ERR_PARSE_ARGS') === true;
    if (!isWrongUse) throw error;
    process.stderr.write(`edgepass ${form.name}: ${(error as Error).message}\n\n${form.usage}`);
    return 2;
  }
}
