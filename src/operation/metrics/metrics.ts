import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { SigningKey } from '../../cloudfront/keys/signing-key.js';
import type { Degradation } from '../operating-state.js';
import type { Problem } from '../../http/problems/problem.js';

/** What is read at each scrape. Nothing of it is secret: no setting, no path, no viewer. */
export interface MetricSources {
  readonly build: { readonly version: string; readonly database: string; readonly hash_algorithm: string };
  readonly signingKey: () => Pick<SigningKey, 'keyPairId' | 'type'>;
  readonly signaturesWaiting: () => number;
  readonly requestsUnderWay: () => number;
  readonly isDraining: () => boolean;
  readonly degradations: () => readonly Degradation[];
  readonly logLinesLost: () => number;
  /** `null` where access tokens are verified with a fixed key. */
  readonly issuerKeys: (() => { readonly ageSeconds: number | null; readonly isFailing: boolean }) | null;
}

/** One answered request, after its last byte. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path as the code spells it, never as the caller did; `unmatched` where no route took it. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
  readonly problem: Problem | null;
}

/** Around what a grant costs (milliseconds) up to the time limits of database and key set. */
const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);
const DEGRADATIONS: readonly Degradation[] = ['signing_key_file'];
const MOST_REASONS = 200;
const MOST_ROUTES = 50;

/** Counts what happens and gives it as Prometheus text. The names are listed in docs/metrics.md. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #reasons = new BoundedLabel(MOST_REASONS);
  readonly #requests = this.#histogram(
    'edgepass_request_duration_seconds',
    'Seconds until an answer was out',
    ['method', 'route', 'status'],
  );
  readonly #databaseWait = this.#histogram(
    'edgepass_database_wait_seconds',
    'Seconds until the database had answered, a commit included',
    ['statement', 'outcome'],
  );
  readonly #grants = this.#counter('edgepass_grants_total', 'Answers to POST /grants', ['outcome', 'code']);
  readonly #signedUrls = this.#counter('edgepass_signed_urls_total', 'Answers to POST /signed-urls', [
    'outcome',
    'code',
  ]);
  readonly #refusals = this.#counter('edgepass_refusals_total', 'Problem documents answered', [
    'code',
    'reason',
  ]);
  readonly #routes = new Set<string>();

  constructor(sources: MetricSources) {
    // Event-loop delay, memory, processor time and garbage collection of this process.
    collectDefaultMetrics({ register: this.#registry });
    this.#gauges(sources);
  }

  /** What a scraper reads, in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  requestAnswered({ method, route, status, seconds, problem }: AnsweredRequest): void {
    const labels = { method: METHODS.has(method) ? method : 'other', route: this.#routeLabel(route), status };
    this.#requests.observe(labels, seconds);
    if (problem !== null) this.refused(problem);
    if (method !== 'POST') return;
    if (route === '/grants') this.#grants.inc(grantLabels(problem));
    if (route === '/signed-urls') this.#signedUrls.inc(grantLabels(problem));
  }

  /** Also what the HTTP parser refuses, which no route sees. */
  refused({ code, reason }: Problem): void {
    this.#refusals.inc({ code, reason: this.#reasons.of(reason) });
  }

  /** Takes what was waited for and how long; gives nothing back to the waiting. */
  databaseAnswered(statement: 'grant', outcome: 'ok' | 'failed', seconds: number): void {
    this.#databaseWait.observe({ statement, outcome }, seconds);
  }

  /** Routes are few and ours; the bound protects from a mistake. */
  #routeLabel(route: string): string {
    if (this.#routes.size < MOST_ROUTES) this.#routes.add(route);
    return this.#routes.has(route) ? route : 'other';
  }

  #gauges(sources: MetricSources): void {
    const { build } = sources;
    this.#gauge('edgepass_build_info', 'Always 1', Object.keys(build)).set({ ...build }, 1);
    this.#read('edgepass_signing_queue', 'Signatures that wait for a thread', sources.signaturesWaiting);
    this.#read('edgepass_requests_in_flight', 'Requests without a whole answer', sources.requestsUnderWay);
    this.#read('edgepass_draining', '1 after the signal to stop', () => Number(sources.isDraining()));
    const lost = 'Log lines that could not be written, to a reader that is gone or a disk that is full';
    this.#sum('edgepass_log_lines_lost_total', lost, sources.logLinesLost);
    const labels = ['key_pair_id', 'type'];
    this.#gauge('edgepass_signing_key_info', 'The key in force, always 1', labels, (gauge) => {
      const { keyPairId, type } = sources.signingKey();
      gauge.reset();
      gauge.set({ key_pair_id: keyPairId, type }, 1);
    });
    this.#gauge('edgepass_degraded', '1 while an operator has to put something right', ['cause'], (gauge) => {
      for (const cause of DEGRADATIONS) {
        gauge.set({ cause }, Number(sources.degradations().includes(cause)));
      }
    });
    if (sources.issuerKeys !== null) this.#issuerKeysGauges(sources.issuerKeys);
  }

  #issuerKeysGauges(state: NonNullable<MetricSources['issuerKeys']>): void {
    const age = 'Age of the issuer keys in use; NaN while there are none';
    this.#read('edgepass_jwks_age_seconds', age, () => state().ageSeconds ?? Number.NaN);
    const failing = '1 while the latest download of the issuer keys has failed';
    this.#read('edgepass_jwks_failing', failing, () => Number(state().isFailing));
  }

  #read(name: string, help: string, value: () => number): void {
    this.#gauge(name, help, [], (gauge) => gauge.set(value()));
  }

  /** A sum that is kept elsewhere. */
  #sum(name: string, help: string, value: () => number): void {
    const counter: Counter = new Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        counter.reset();
        counter.inc(value());
      },
    });
  }

  #gauge(name: string, help: string, labelNames: string[], read?: (gauge: Gauge) => void): Gauge {
    const registers = [this.#registry];
    if (read === undefined) return new Gauge({ name, help, labelNames, registers });
    const gauge: Gauge = new Gauge({ name, help, labelNames, registers, collect: () => read(gauge) });
    return gauge;
  }

  #counter(name: string, help: string, labelNames: string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram(name: string, help: string, labelNames: string[]): Histogram {
    return new Histogram({ name, help, labelNames, buckets: BUCKETS_SECONDS, registers: [this.#registry] });
  }
}

function grantLabels(problem: Problem | null): { outcome: string; code: string } {
  if (problem === null) return { outcome: 'granted', code: 'none' };
  return { outcome: problem.status < 500 ? 'refused' : 'failed', code: problem.code };
}

/** A word of ours: what a request brought along never looks like one by accident and is never a label. */
const WORD = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * A label whose values come from the code, but from many places of it. Gives the value itself for the first
 * `most` of them and `other` for the rest, so that no caller can grow the memory of the scraper.
 */
export class BoundedLabel {
  readonly #known = new Set<string>();

  constructor(private readonly most: number) {}

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.most || !WORD.test(value)) return 'other';
    this.#known.add(value);
    return value;
  }
}
