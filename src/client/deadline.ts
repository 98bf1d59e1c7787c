/**
 * A signal that aborts with another one, or when too much time has passed without a sign of life.
 *
 * Made by hand: what `AbortSignal.any` ties to a signal that lives for weeks is not let go of by
 * every engine.
 *
 * @module
 */
import type { Environment } from "./environment.ts";
import { LogboomError } from "./logboom_error.ts";

export class Deadline {
  readonly #controller = new AbortController();
  readonly #environment: Pick<Environment, "after">;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = () => this.#controller.abort(this.#outer?.reason);
  #cancel = () => {};
  /** Whether time ran out. */
  passed = false;

  constructor(environment: Pick<Environment, "after">, outer?: AbortSignal) {
    this.#environment = environment;
    this.#outer = outer;
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener("abort", this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Time runs out so long from now, whatever was said before. */
  within(milliseconds: number): void {
    this.#cancel();
    this.#cancel = this.#environment.after(milliseconds, () => {
      this.passed = true;
      this.#controller.abort(
        new LogboomError("timed_out", `Cannot wait any longer: ${milliseconds} ms have passed`, {
          retriable: true,
        }),
      );
    });
  }

  /** Time does not run. */
  rest(): void {
    this.#cancel();
    this.#cancel = () => {};
  }

  /** Lets go of the timer and of the other signal. */
  end(): void {
    this.rest();
    this.#outer?.removeEventListener("abort", this.#abort);
  }
}
