/**
 * The path that is asked of the behaviors, the cache and the origin: `/` stands for the default root
 * object, and for that alone; `/folder/` is a key like any other.
 */
export function withDefaultRootObject(path: string, defaultRootObject: string): string {
  return path === '/' && defaultRootObject !== '' ? `/${defaultRootObject}` : path;
}
