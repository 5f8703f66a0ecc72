import { byId, copyOf, within } from './page.js';
import { clockTime, expiresAtMs, pathOf } from './pass-card.js';
import type { HeldScope } from './scopes.js';

/** Lists what this browser holds, each with a way to give only that one back. */
export function showScopes(held: readonly HeldScope[], clearOne: (prefix: string) => void): void {
  const list = byId('scopes', HTMLUListElement);
  byId('readable-cookies', HTMLElement).textContent = document.cookie === '' ? 'nothing' : document.cookie;
  if (held.length === 0) {
    const empty = document.createElement('li');
    empty.className = 'scope-empty';
    empty.textContent = 'This browser holds no CloudFront cookies.';
    list.replaceChildren(empty);
    return;
  }
  list.replaceChildren(
    ...held.map((scope) => {
      const item = copyOf('scope-template', HTMLLIElement);
      const { prefix } = scope.grant;
      within(item, '.scope-path', HTMLElement).textContent = `Path=${pathOf(prefix)}`;
      within(item, '.scope-words', HTMLElement).textContent =
        `sent only with files ${prefix === '/' ? 'of the CDN' : `below /${prefix}/`}, over HTTPS, until ${clockTime(expiresAtMs(scope))}`;
      const button = within(item, 'button', HTMLButtonElement);
      button.setAttribute('aria-label', `Clear ${pathOf(prefix)}`);
      button.addEventListener('click', () => clearOne(prefix));
      return item;
    }),
  );
}
