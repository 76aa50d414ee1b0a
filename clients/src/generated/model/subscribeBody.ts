/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';

/**
 * Which plan is wished.
 */
export type SubscribeBody = {
  plan: PlanId;
  cycle?: Cycle;
};
