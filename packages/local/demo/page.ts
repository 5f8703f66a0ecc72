/** Finds an element of index.html; throws when the page and the script do not match. */
export function byId<T extends Element>(id: string, kind: new () => T): T {
  return expectKind(document.getElementById(id), kind, `#${id}`);
}

/** Finds the one descendant that `selector` names. */
export function within<T extends Element>(parent: ParentNode, selector: string, kind: new () => T): T {
  return expectKind(parent.querySelector(selector), kind, selector);
}

/** A fresh copy of the one element inside a `<template>`. */
export function copyOf<T extends Element>(templateId: string, kind: new () => T): T {
  const copy = byId(templateId, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  return expectKind(copy ?? null, kind, `#${templateId}`);
}

function expectKind<T extends Element>(found: Node | null, kind: new () => T, name: string): T {
  if (found instanceof kind) return found;
  throw new Error(`index.html must have ${name} as ${kind.name}`);
}
