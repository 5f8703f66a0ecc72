/** The headers of an answer in the order they are sent, with the spelling they are sent with. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** The first value under a name, in any case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  for (const [other, value] of headers) if (sameName(other, name)) return value;
  return undefined;
}

/** The list without a name. */
export function withoutHeader(headers: HeaderList, name: string): HeaderList {
  return headers.filter(([other]) => !sameName(other, name));
}

/** The list with this value in the place of whatever stood under the name. */
export function withHeader(headers: HeaderList, name: string, value: string): HeaderList {
  const at = headers.findIndex(([other]) => sameName(other, name));
  if (at === -1) return [...headers, [name, value]];
  return headers.flatMap((header, index) => {
    if (index === at) return [[name, value] as const];
    return sameName(header[0], name) ? [] : [header];
  });
}

function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}
