/** Stands for what could not be evaluated: that was reported, so nothing that comes of it is a mistake of its own. */
export const UNKNOWN = Symbol('unknown');

/** A value of a template after its functions were evaluated, and where it was written. */
export interface TemplateValue {
  readonly content:
    | string
    | number
    | boolean
    | null
    | readonly TemplateValue[]
    | ReadonlyMap<string, TemplateValue>
    | typeof UNKNOWN;
  /** A scalar as it was written: `1.10` keeps its zero. */
  readonly text: string | null;
  readonly path: string;
  readonly line: number;
}

/** Where a value stands in a template. */
export type TemplatePlace = Pick<TemplateValue, 'path' | 'line'>;

export function textValue(text: string, { path, line }: TemplatePlace): TemplateValue {
  return { content: text, text, path, line };
}

export function unknownValue({ path, line }: TemplatePlace): TemplateValue {
  return { content: UNKNOWN, text: null, path, line };
}

/** The elements of a list; null for what is none. */
export function itemsOf(value: TemplateValue | undefined): readonly TemplateValue[] | null {
  return Array.isArray(value?.content) ? (value.content as readonly TemplateValue[]) : null;
}

/** The members of a mapping; null for what is none. */
export function membersOf(value: TemplateValue | undefined): ReadonlyMap<string, TemplateValue> | null {
  return value?.content instanceof Map ? value.content : null;
}

/** Whether a value, or something in it, could not be evaluated. */
export function isUnknown(value: TemplateValue): boolean {
  if (value.content === UNKNOWN) return true;
  const inner = itemsOf(value) ?? [...(membersOf(value)?.values() ?? [])];
  return inner.some(isUnknown);
}
