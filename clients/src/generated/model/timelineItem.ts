/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * Something that happened to an order.
 */
export type TimelineItem = {
  /** When. */
  at: string;
  /** `fact`, `call`, `webhook`, `ledger`, `job` or `human`. */
  kind: string;
  /** What, for a person. */
  text: string;
};
