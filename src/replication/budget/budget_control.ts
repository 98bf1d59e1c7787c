/**
 * The budget as operators change it while the node runs: what they set stands over what the
 * configuration says, key by key, and survives a restart in the catalogue.
 *
 * @module
 */
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type BudgetSettings, encodeBudget, mergeBudget } from "./budget_settings.ts";
import type { LinkBudget } from "./link_budget.ts";

/** What it needs of the catalogue. */
export interface MetaBook {
  getMeta(key: string): Promise<string | null>;
  setMeta(key: string, value: string): Promise<void>;
}

export interface BudgetControlOptions {
  readonly budget: LinkBudget;
  /** What the configuration says. */
  readonly configured: BudgetSettings;
  readonly catalogue: MetaBook;
  readonly logger: Logger;
}

type Patch = Readonly<Record<string, unknown>>;

const KEY = "link_budget";

export class BudgetControl {
  readonly #options: BudgetControlOptions;
  /** What was set at run time, in JSON; null takes away what is configured. */
  #patch: Patch = {};
  /** Changes wait for each other: each begins where the last ended. */
  #changing: Promise<void> = Promise.resolve();

  private constructor(options: BudgetControlOptions) {
    this.#options = options;
  }

  /** With what was set in an earlier run. */
  static async open(options: BudgetControlOptions): Promise<BudgetControl> {
    const control = new BudgetControl(options);
    await control.#load();
    return control;
  }

  get budget(): LinkBudget {
    return this.#options.budget;
  }

  get configured(): BudgetSettings {
    return this.#options.configured;
  }

  /** Keys that do not come from the configuration. */
  get changedKeys(): readonly string[] {
    return Object.keys(this.#patch);
  }

  /**
   * Sets what `given` names, and leaves the rest; in force when it is durable.
   *
   * @throws {OperatingError} invalid_argument; storage trouble
   */
  put(given: unknown): Promise<void> {
    return this.#change(() => {
      // Checked as a whole and alone: what is kept must make sense with any configuration.
      mergeBudget(this.#options.budget.settings, given);
      return { ...this.#patch, ...given as Patch };
    });
  }

  /** Back to the configuration. @throws {OperatingError} storage trouble */
  reset(): Promise<void> {
    return this.#change(() => ({}));
  }

  #change(next: () => Patch): Promise<void> {
    const changed = this.#changing.then(async () => {
      const { budget, catalogue, configured, logger } = this.#options;
      const patch = next();
      const settings = mergeBudget(configured, patch);
      await catalogue.setMeta(KEY, JSON.stringify(patch));
      this.#patch = patch;
      budget.change(settings);
      logger.info("link_budget_changed", encodeBudget(settings));
      await budget.usageDurable();
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #load(): Promise<void> {
    const { budget, catalogue, configured, logger } = this.#options;
    try {
      const text = await catalogue.getMeta(KEY);
      if (text === null) return;
      const patch = JSON.parse(text) as Patch;
      budget.change(mergeBudget(configured, patch));
      this.#patch = patch;
    } catch (error) {
      // Better a link by its configuration than a node that does not start.
      logger.error("link_budget_not_read", { error: messageOf(error) });
    }
  }
}
