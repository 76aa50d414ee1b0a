/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Subscription } from './subscription';
import type { SubscriptionAnswerPayment } from './subscriptionAnswerPayment';

/**
 * A subscription, and what is to be paid for it now.
 */
export type SubscriptionAnswer = {
  subscription: Subscription;
  /** @nullable */
  payment?: SubscriptionAnswerPayment;
};
