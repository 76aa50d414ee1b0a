/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';

/**
 * What a subscription changes to when its period is over.
 */
export type NextPlanView = {
  plan: PlanId;
  cycle: Cycle;
};
