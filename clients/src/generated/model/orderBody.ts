/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OrderItemBody } from './orderItemBody';

/**
 * What to buy.
 */
export type OrderBody = {
  /**
   * 1 to 100 items, of one currency.
   * @minItems 1
   * @maxItems 100
   */
  items: OrderItemBody[];
};
