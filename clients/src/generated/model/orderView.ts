/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OrderStatusView } from './orderStatusView';
import type { Money } from './money';
import type { OrderItemView } from './orderItemView';
import type { OrderViewPayment } from './orderViewPayment';

/**
 * An order.
 */
export type OrderView = {
  /** Its id; also the payment's idempotency key. */
  id: string;
  /** Who buys. */
  buyer_id: string;
  status: OrderStatusView;
  total: Money;
  refunded: Money;
  /** What was bought. */
  items: OrderItemView[];
  /**
   * The payment's id at the provider; null for an order of 0.
   * @nullable
   */
  payment_id?: string | null;
  /** @nullable */
  payment?: OrderViewPayment;
  /**
   * Why the payment failed, in the provider's words.
   * @nullable
   */
  failure?: string | null;
  /** What waits on a person. */
  flags: string[];
  /** Checkout. */
  created_at: string;
  /**
   * When it was paid.
   * @nullable
   */
  completed_at?: string | null;
  /**
   * Until when a refund may be asked for.
   * @nullable
   */
  refund_deadline?: string | null;
};
