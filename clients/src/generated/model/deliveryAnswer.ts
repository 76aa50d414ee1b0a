/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What came of a delivery.
 */
export type DeliveryAnswer = {
  /** `ok`, `skipped` or `error: …`, as in the webhook log. */
  result: string;
};
