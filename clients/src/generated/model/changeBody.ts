/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';

/**
 * Which plan is wished instead.
 */
export type ChangeBody = {
  plan: PlanId;
  cycle: Cycle;
};
