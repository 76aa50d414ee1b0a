/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { RefundView } from './refundView';

/**
 * The refunds of an order.
 */
export type RefundPage = {
  /** The refunds, oldest first. */
  items: RefundView[];
  /**
   * Always null: an order has few.
   * @nullable
   */
  next_cursor?: string | null;
};
