/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { OrderView } from './orderView';
import type { OrderCreatedPayment } from './orderCreatedPayment';

/**
 * An order that was placed.
 */
export type OrderCreated = {
  order: OrderView;
  /** @nullable */
  payment?: OrderCreatedPayment;
};
