/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';
import type { Money } from './money';
import type { SubscriptionStatus } from './subscriptionStatus';
import type { SubscriptionNext } from './subscriptionNext';

/**
 * A subscription.
 */
export type Subscription = {
  /** Its id; also the idempotency key of its first payment. */
  id: string;
  plan: PlanId;
  cycle: Cycle;
  price: Money;
  status: SubscriptionStatus;
  /**
   * When what was paid is over; null before the first payment, and for the free plan.
   * @nullable
   */
  current_period_end?: string | null;
  /**
   * When its trial ends or ended; null without one.
   * @nullable
   */
  trial_ends_at?: string | null;
  /** @nullable */
  next?: SubscriptionNext;
  /**
   * When it was cancelled.
   * @nullable
   */
  canceled_at?: string | null;
  /** When it was chosen. */
  created_at: string;
};
