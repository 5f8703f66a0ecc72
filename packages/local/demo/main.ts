/*
 * The demo page. For tests, `data-testid` and states that stay stable:
 *   sign-in-alice, sign-in-bob, sign-in-carol, sign-out   buttons of step 1; the last is hidden while nobody is signed in
 *   prefix, ttl (selects), auto-renew (checkbox), ask     step 2; option values are prefixes and seconds
 *   status                                                what the last action came to; data-tone calm|good|bad
 *   time-left                                             m:ss, or –:–– without access
 *   clear, clear-one (one a grant), held                  giving access back
 *   image (one a sample), sibling (outside the prefix)    <img>, data-state loading|shown|refused
 *   portrait (in the viewer's own folder)                 as image
 *   map (Leaflet), board (a text in a private font)       data-state as image
 *   korean (in a folder with a Korean name)               as image
 *   video                                                 <video>, data-state loading|shown|playing|refused
 *   access, explanation                                   whether the files open, and why, in words
 *   try-again, proof                                      one file past the browser's cache; data-state shown|refused
 *   incident-kind, provoke, cure, incident                make the edge fail and mend it; data-state none|failing|cured
 *   right-subject, right-prefix, give, rights             who may open what, for carol
 *   log                                                   <li data-host data-status data-outcome data-count>, newest first
 *   certificate-warning, check-again                      hidden while the API and the CDN answer
 * `#app` carries data-ready once the page works, data-access none|open|cleared|expired and data-viewer.
 */
import {
  createEdgepassClient,
  EdgepassError,
  EdgepassNetworkError,
  type Entitlement,
} from '/client/index.js';
import { sendsToken, watchedFetch } from './api-calls.js';
import { checkCertificates, watchCertificates } from './certificate-warning.js';
import { loadConfig, type DemoConfig } from './config.js';
import { holdGrants } from './holdings.js';
import { buildFont } from './course-font.js';
import { buildMap } from './course-map.js';
import { buildGrid } from './image-grid.js';
import { buildVideo } from './lesson-video.js';
import { recall, remember } from './held-grants.js';
import { byId } from './page.js';
import { expiresAtMs, showAccess, showTimeLeft, type Access } from './access-card.js';
import { coursesOf, showPrefixChoices } from './prefix-choices.js';
import { forgetProof, showProof } from './proof-line.js';
import { showHeld } from './held-list.js';
import { buildDecisions } from './decisions.js';
import { buildIncidents } from './incidents.js';
import { say, sayError } from './status-line.js';
import { mayOpenOnly, PEOPLE, showPeople, showSignedIn, signIn, signOut } from './viewers.js';
import { nameOf, pathOf } from './words.js';

async function startPage(config: DemoConfig): Promise<void> {
  const { apiUrl, cdnUrl, samples } = config;
  const client = createEdgepassClient({ apiUrl, fetch: watchedFetch });
  const autoRenew = byId('auto-renew', HTMLInputElement);
  let viewer: string | null = null;
  let entitlements: readonly Entitlement[] = [];
  let withoutAny: Exclude<Access, 'open'> = 'none';

  const holdings = holdGrants(client, {
    renewed({ grant }) {
      draw();
      if (holdings.opens(samples.video)) video.resume();
      say('good', `Renewed ${pathOf(grant.prefix)} by itself.`);
    },
    failed: sayError,
  });
  const drawGrid = buildGrid(config, client);
  const video = buildVideo(config, holdings.renewIfDue);
  const drawFiles = [video.draw, buildMap(config), buildFont(config)];

  async function drawStage(): Promise<void> {
    forgetProof();
    await Promise.all([
      drawGrid(holdings.opens, viewer),
      ...drawFiles.map((drawFile) => drawFile(holdings.opens)),
    ]);
  }

  function draw(): void {
    const { all } = holdings;
    showAccess(all.length > 0 ? 'open' : withoutAny, viewer, all.at(-1), autoRenew.checked);
    showTimeLeft(all.at(-1), Date.now());
    showHeld(all, (prefix) => act(() => clear(prefix)));
    incidents.allow(holdings.opens(samples.images[0] ?? samples.video));
    remember({ viewer, held: all });
  }

  function dropAll(next: Exclude<Access, 'open'>): void {
    holdings.drop();
    withoutAny = next;
  }

  async function ask(): Promise<void> {
    const prefix = byId('prefix', HTMLSelectElement).value;
    const ttlSeconds = Number(byId('ttl', HTMLSelectElement).value);
    const grant = await client.grant(prefix, { ttlSeconds }).catch((error: unknown) => {
      throw error instanceof EdgepassError && error.code === 'not_entitled'
        ? new Error(mayOpenOnly(viewer ?? '', entitlements))
        : error;
    });
    holdings.add({ grant, receivedAtMs: Date.now(), ttlSeconds });
    draw();
    say('good', `Granted: this browser may open everything below ${pathOf(grant.prefix)} now.`);
    void drawStage();
    showStage();
  }

  async function clear(prefix?: string): Promise<void> {
    await client.clear(prefix);
    withoutAny = 'cleared';
    holdings.drop(prefix);
    draw();
    say(
      'calm',
      `Cleared ${prefix === undefined ? 'everything' : pathOf(prefix)}, then asked for every file again.`,
    );
    // The pressed button is gone or switched off now; a keyboard must not lose its place.
    byId('try-again', HTMLButtonElement).focus({ preventScroll: true });
    void drawStage().then(() => showProof(config));
  }

  async function become(user: string): Promise<void> {
    const before = viewer;
    await signIn(apiUrl, client, user);
    viewer = user;
    const changed = before !== user;
    const hadSomething = holdings.all.length > 0;
    if (changed) dropAll('none');
    await showEntitlements();
    const cleared =
      changed && hadSomething && before !== null
        ? [`What ${nameOf(before)} held in this browser is cleared.`]
        : [];
    const token = sendsToken()
      ? [
          'This browser did not keep the sign-in cookie of the other host, so this page sends the token itself.',
        ]
      : [];
    say('good', [`Hello ${nameOf(user)}.`, ...cleared, ...token].join(' '));
    void drawStage();
  }

  async function leave(): Promise<void> {
    await client.clear();
    await signOut(apiUrl);
    viewer = null;
    dropAll('none');
    await showEntitlements();
    say('calm', 'Signed out, and the cookies went too.');
    void drawStage();
  }

  async function showEntitlements(): Promise<void> {
    entitlements = [];
    try {
      if (viewer !== null) entitlements = await client.entitlements();
    } catch (error) {
      if (!(error instanceof EdgepassError) || error.status !== 401) throw error;
      viewer = null;
    } finally {
      showSignedIn(viewer);
      showPrefixChoices(samples, viewer, entitlements);
      draw();
    }
    await decisions.showTo(viewer);
  }

  function tick(): void {
    const ended = holdings.dropEnded(Date.now());
    if (ended.length === 0) {
      showTimeLeft(holdings.all.at(-1), Date.now());
      return;
    }
    withoutAny = 'expired';
    draw();
    say('bad', `The access to ${ended.map(({ grant }) => pathOf(grant.prefix)).join(', ')} has ended.`);
    void drawStage();
  }

  /** One action at a time, in the order of the clicks. */
  let lastAction = Promise.resolve();
  function act(action: () => Promise<void>): void {
    lastAction = lastAction.then(action).catch(async (error: unknown) => {
      sayError(error);
      if (error instanceof EdgepassNetworkError) await checkCertificates(config);
    });
  }

  const incidents = buildIncidents(config, client, act);
  const decisions = buildDecisions(apiUrl, coursesOf(samples), act, (text) => say('good', text));
  const link = byId('document', HTMLAnchorElement);
  link.href = `${cdnUrl}/${samples.document}`;
  link.textContent = samples.document.split('/').at(-1) ?? samples.document;
  byId('host-app', HTMLElement).textContent = location.host;
  byId('host-api', HTMLElement).textContent = new URL(apiUrl).host;
  byId('host-edge', HTMLElement).textContent = new URL(cdnUrl).host;
  showPeople((user) => act(() => become(user)));
  showSignedIn(null);
  showPrefixChoices(samples, null, []);
  watchCertificates(config);
  byId('sign-out', HTMLButtonElement).addEventListener('click', () => act(leave));
  byId('clear', HTMLButtonElement).addEventListener('click', () => act(() => clear()));
  byId('try-again', HTMLButtonElement).addEventListener('click', () => act(() => showProof(config)));
  byId('ask-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    act(ask);
  });
  autoRenew.addEventListener('change', () => {
    holdings.keepAlive(autoRenew.checked);
    draw();
  });

  // After a reload the session and the cookies are still there; only this page forgot them.
  const memory = recall();
  viewer = PEOPLE.find(({ user }) => user === memory.viewer)?.user ?? null;
  for (const one of memory.held) if (Date.now() < expiresAtMs(one)) holdings.add(one);
  draw();
  await incidents.mendLeft().catch(sayError);
  if (await checkCertificates(config)) {
    act(showEntitlements);
    await lastAction;
    if (viewer !== null) say('calm', `Welcome back, ${nameOf(viewer)}.`);
  } else {
    draw();
  }
  holdings.keepAlive(autoRenew.checked);
  setInterval(tick, 250);
  byId('app', HTMLDivElement).dataset['ready'] = 'true';
  await drawStage();
}

/** On a small screen the files lie below the form: what the button did must be seen. */
function showStage(): void {
  const stage = byId('stage', HTMLElement);
  if (stage.getBoundingClientRect().top > innerHeight / 2) stage.scrollIntoView();
}

try {
  await startPage(await loadConfig());
} catch (error) {
  sayError(error);
}
