/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Subscription } from './subscription';

/**
 * @nullable
 */
export type MySubscriptionViewSubscription = Subscription | null;
