/** What makes an instance serve, but with something that an operator must put right. */
export type Degradation = 'signing_key_file';

/** What this process knows of its own condition; readiness and the metrics show it. */
export class OperatingState {
  #isDraining = false;
  readonly #degradations = new Set<Degradation>();

  /** It has been asked to stop: load balancers must send it no more requests. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  get degradations(): readonly Degradation[] {
    return [...this.#degradations];
  }

  startDraining(): void {
    this.#isDraining = true;
  }

  degrade(cause: Degradation): void {
    this.#degradations.add(cause);
  }

  recover(cause: Degradation): void {
    this.#degradations.delete(cause);
  }
}
