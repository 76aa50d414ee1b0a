/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { NextPlanView } from './nextPlanView';

/**
 * @nullable
 */
export type SubscriptionNext = NextPlanView | null;
