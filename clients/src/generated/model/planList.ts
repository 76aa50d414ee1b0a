/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Plan } from './plan';

/**
 * All plans.
 */
export type PlanList = {
  /** By plan and cycle. */
  items: Plan[];
  /**
   * There is one page.
   * @nullable
   */
  next_cursor?: string | null;
};
