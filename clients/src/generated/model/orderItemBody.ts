/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * One thing to buy.
 */
export type OrderItemBody = {
  /** Which product. */
  product_id: string;
  /** Under which of its licences; left out = the product as such, at its own price. */
  license_id?: string;
};
