/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';
import type { Money } from './money';

/**
 * What a change would cost, and when it would take effect.
 */
export type QuoteView = {
  plan: PlanId;
  cycle: Cycle;
  price: Money;
  /** At once, when it is paid; false: when the period is over. */
  at_once: boolean;
  credit: Money;
  due_now: Money;
  /** When it takes effect. */
  effective_at: string;
};
