import { byId, copyOf, within } from './page.js';
import { expiresAtMs } from './access-card.js';
import { clockTime, pathOf } from './words.js';
import type { HeldGrant } from './held-grants.js';

/** Lists what this browser holds, each with a button that clears only that one. */
export function showHeld(held: readonly HeldGrant[], clearOne: (prefix: string) => void): void {
  const list = byId('held', HTMLUListElement);
  byId('readable-cookies', HTMLElement).textContent = document.cookie === '' ? 'nothing' : document.cookie;
  if (held.length === 0) {
    const empty = document.createElement('li');
    empty.className = 'held-empty';
    empty.textContent = 'This browser holds no CloudFront cookies.';
    list.replaceChildren(empty);
    return;
  }
  list.replaceChildren(
    ...held.map((one) => {
      const item = copyOf('held-template', HTMLLIElement);
      const { prefix } = one.grant;
      within(item, '.held-path', HTMLElement).textContent = `Path=${encodeURI(pathOf(prefix))}`;
      within(item, '.held-words', HTMLElement).textContent =
        `sent only with files ${prefix === '/' ? 'of the CDN' : `below /${prefix}/`}, over HTTPS, until ${clockTime(expiresAtMs(one))}`;
      const button = within(item, 'button', HTMLButtonElement);
      button.textContent = `Clear ${pathOf(prefix)}`;
      button.addEventListener('click', () => clearOne(prefix));
      return item;
    }),
  );
}
