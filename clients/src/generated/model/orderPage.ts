/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OrderView } from './orderView';

/**
 * A page of orders.
 */
export type OrderPage = {
  /** The orders. */
  items: OrderView[];
  /**
   * Cursor of the next page.
   * @nullable
   */
  next_cursor?: string | null;
};
