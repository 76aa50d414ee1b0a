/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { PlanId } from './planId';
import type { Cycle } from './cycle';
import type { Money } from './money';
import type { FeaturesView } from './featuresView';

/**
 * A plan for a cycle, as it is offered.
 */
export type Plan = {
  id: PlanId;
  cycle: Cycle;
  price: Money;
  features: FeaturesView;
  /** Days that it may be tried, once per person; 0: it may not. */
  trial_days: number;
};
