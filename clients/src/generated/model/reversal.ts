/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';
import type { ReversalStatus } from './reversalStatus';
import type { ReversalHold } from './reversalHold';

/**
 * A part of a transfer that is, or was, taken back for a refund.
 */
export type Reversal = {
  /** Its id. */
  id: string;
  /**
   * The refund that caused it; null when it was made at Connect and not through us.
   * @nullable
   */
  refund_id?: string | null;
  amount: Money;
  netted: Money;
  written_off: Money;
  status: ReversalStatus;
  /** @nullable */
  hold?: ReversalHold;
  /**
   * Connect's id.
   * @nullable
   */
  stripe_reversal_id?: string | null;
  /** Retries used up. */
  retry_count: number;
  /**
   * When it is tried next.
   * @nullable
   */
  next_retry_at?: string | null;
  /**
   * What went wrong last.
   * @nullable
   */
  last_error?: string | null;
  /** When it was opened. */
  created_at: string;
};
