/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { MySubscriptionViewSubscription } from './mySubscriptionViewSubscription';

/**
 * The plan that a person has, or what stands in its way.
 */
export type MySubscriptionView = {
  /** @nullable */
  subscription?: MySubscriptionViewSubscription;
  /** A plan was chosen, and its payment is missing. */
  needs_payment: boolean;
  /** The same for a person. */
  message: string;
  /**
   * Where to go on with the payment (POST), where there is one to go on with.
   * @nullable
   */
  recovery_url?: string | null;
  /**
   * Whom to ask.
   * @nullable
   */
  support_contact?: string | null;
};
