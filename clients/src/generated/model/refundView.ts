/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';
import type { RefundStatusView } from './refundStatusView';

/**
 * A refund.
 */
export type RefundView = {
  /** Its id; also its id and idempotency key at the provider. */
  id: string;
  /** Its order. */
  order_id: string;
  amount: Money;
  status: RefundStatusView;
  /**
   * The provider's id.
   * @nullable
   */
  psp_refund_id?: string | null;
  /**
   * Why it was asked for.
   * @nullable
   */
  reason?: string | null;
  /** The items it was asked for; empty = the whole order. */
  item_ids: string[];
  /**
   * Why it failed, in the provider's words.
   * @nullable
   */
  error_message?: string | null;
  /** Made at the provider and not through us. */
  external: boolean;
  /** Where it comes from: `requested`, `external`, `dispute` (a lost dispute) or `payment_undone`. */
  origin: string;
  /** What waits on a person. */
  flags: string[];
  /** When it was asked for. */
  created_at: string;
  /**
   * When it succeeded.
   * @nullable
   */
  succeeded_at?: string | null;
};
