/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';
import type { TransferStatus } from './transferStatus';
import type { TransferHold } from './transferHold';
import type { Reversal } from './reversal';

/**
 * A seller's share of an order on its way. While it is `reversal_pending`, `retry_count`, `next_retry_at`, `last_error` and
`hold` are those of its oldest open reversal.
 */
export type Transfer = {
  /** Its id. */
  id: string;
  /** The order it is a share of. */
  order_id: string;
  /** Who gets it. */
  seller_id: string;
  amount: Money;
  amount_reversed: Money;
  netted: Money;
  status: TransferStatus;
  /** @nullable */
  hold?: TransferHold;
  /**
   * Connect's id.
   * @nullable
   */
  stripe_transfer_id?: string | null;
  /**
   * Connect's id of the last reversal that was done.
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
  /**
   * The transfer that it was paid in the place of.
   * @nullable
   */
  replaces?: string | null;
  /** What is, or was, taken back of it, oldest first. */
  reversals: Reversal[];
  /** When it was opened. */
  created_at: string;
};
