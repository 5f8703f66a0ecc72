import type { Place } from '../distribution/json-node.js';
import { FORMS, type Form, type Members } from './api-forms.js';
import type { ReportMistake } from './evaluate-template.js';
import { itemsOf, membersOf, UNKNOWN, type TemplateValue } from './template-value.js';

/** A value in the form of AWS's API, and where each part of it stands in the template. */
export interface ApiForm {
  readonly value: unknown;
  readonly places: Map<string, Place>;
}

/** Translates the properties of a resource; `file` is the template as messages name it. */
export function toApiForm(
  properties: TemplateValue,
  type: keyof typeof FORMS,
  file: string,
  report: ReportMistake,
): ApiForm {
  const places = new Map<string, Place>();
  const translate = (value: TemplateValue, form: Form, apiPath: string): unknown => {
    const { content } = value;
    // The quantity of a list follows from its items.
    const listed = typeof form === 'object' && 'items' in form ? membersOf(value)?.get('Items') : undefined;
    const isUnknown = isUnknownList(value) || (listed !== undefined && isUnknownList(listed));
    const place = { file: `${file}:${value.line}`, path: value.path, isUnknown };
    places.set(apiPath, place);
    if (content === UNKNOWN) return undefined;
    if (typeof form === 'string') return scalarOf(value, form, translate, apiPath);
    const below = (name: string) => (apiPath === '' ? name : `${apiPath}.${name}`);
    const each = (list: TemplateValue, inner: Form, path: string) =>
      itemsOf(list)?.map((item, index) => translate(item, inner, `${path}[${index}]`));
    if ('array' in form) {
      return each(value, form.array, apiPath) ?? translate(value, 'same', apiPath);
    }
    if ('wrapped' in form) return { [form.wrapped]: translate(value, 'text', below(form.wrapped)) };
    if ('list' in form) {
      places.set(below('Items'), place).set(below('Quantity'), place);
      const items = each(value, form.list, below('Items'));
      // What is no list stays as it is, and is a mistake of the reader.
      if (items === undefined) return { Items: translate(value, 'same', below('Items')) };
      const count = { Quantity: items.length, ...(items.length > 0 ? { Items: items } : {}) };
      return form.enabled === true ? { Enabled: items.length > 0, ...count } : count;
    }
    const members = membersOf(value);
    if (members === null) return translate(value, 'same', apiPath);
    if ('items' in form) {
      const made =
        listed === undefined ? undefined : translate(listed, { array: form.items }, below('Items'));
      return {
        Quantity: Array.isArray(made) ? made.length : 0,
        ...(made === undefined ? {} : { Items: made }),
      };
    }
    const made: Record<string, unknown> = {};
    for (const [name, member] of members) {
      const known = Object.hasOwn(form.members, name) ? form.members[name] : undefined;
      const meant = known === undefined ? memberNamedInApi(form, name) : undefined;
      if (meant !== undefined) {
        report(member, `${meant} as name, as CloudFormation has it`, `"${name}"`);
        continue;
      }
      const [apiName, inner] = isRenamed(known) ? known : [name, known ?? 'same'];
      made[apiName] = translate(member, inner, below(apiName));
    }
    form.finish?.(made);
    return made;
  };
  return { value: translate(properties, FORMS[type], ''), places };
}

/** Of a list that is known in part nobody can say that something is missing in it. */
function isUnknownList(value: TemplateValue): boolean {
  return value.content === UNKNOWN || itemsOf(value)?.some((item) => item.content === UNKNOWN) === true;
}

/** The name in CloudFormation of what the API calls `apiName`, where the two differ. */
function memberNamedInApi({ members }: Members, apiName: string): string | undefined {
  return Object.keys(members).find((name) => {
    const form = members[name];
    return isRenamed(form) && form[0] === apiName;
  });
}

function isRenamed(form: Form | readonly [string, Form] | undefined): form is readonly [string, Form] {
  return Array.isArray(form);
}

/** CloudFormation takes `"86400"` for a number and `"true"` for a flag: parameters are texts. */
function scalarOf(
  value: TemplateValue,
  form: 'text' | 'number' | 'flag' | 'same',
  translate: (value: TemplateValue, form: Form, apiPath: string) => unknown,
  apiPath: string,
): unknown {
  const { content, text } = value;
  const items = itemsOf(value);
  if (items !== null) return items.map((item, index) => translate(item, 'same', `${apiPath}[${index}]`));
  const members = membersOf(value);
  if (members !== null) {
    return Object.fromEntries(
      [...members].map(([name, member]) => [name, translate(member, 'same', `${apiPath}.${name}`)]),
    );
  }
  if (form === 'text') return text ?? content;
  if (form === 'number' && typeof content === 'string' && /^\d{1,15}$/.test(content)) return Number(content);
  if (form === 'flag' && (content === 'true' || content === 'false')) return content === 'true';
  return content;
}
