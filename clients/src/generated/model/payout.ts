/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';
import type { PayoutStatus } from './payoutStatus';

/**
 * A payout from a seller's Connect account to the seller's bank. Connect makes it by itself; this mirrors it.
 */
export type Payout = {
  /** Connect's id. */
  id: string;
  amount: Money;
  status: PayoutStatus;
  /**
   * Why it failed, in Connect's words.
   * @nullable
   */
  failure?: string | null;
  /**
   * When it arrives.
   * @nullable
   */
  arrives_at?: string | null;
  /** When it was made. */
  created_at: string;
  /** When we learnt of its status. */
  updated_at: string;
};
