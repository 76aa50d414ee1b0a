/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * One item of an order, as it was at checkout.
 */
export type OrderItemView = {
  /** Names it in refunds. */
  id: string;
  /** The product. */
  product_id: string;
  /**
   * The licence chosen.
   * @nullable
   */
  license_id?: string | null;
  /** The licence's kind; `standard` without a chosen one. */
  license_kind: string;
  /** The product's title at checkout. */
  title: string;
  /** Who sells. */
  seller_id: string;
  price: Money;
  refunded: Money;
};
