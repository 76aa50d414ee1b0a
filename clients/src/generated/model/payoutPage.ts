/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Payout } from './payout';

/**
 * A page of payouts.
 */
export type PayoutPage = {
  /** Newest first. */
  items: Payout[];
  /**
   * Where the next page begins; null on the last one.
   * @nullable
   */
  next_cursor?: string | null;
};
