/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */
import type { Money } from './money';

/**
 * A licence that a product is offered under.
 */
export type License = {
  /** Its id: `license_id` of an order's item. */
  id: string;
  /** Its name. */
  kind: string;
  price: Money;
  /** What it permits. */
  terms: string;
};
