/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * What a loss is worth.
 */
export type BookLossBody = {
  /** What the bank took, in minor units of the order's currency. */
  amount: number;
  /**
   * Where that figure is from; the audit log keeps it.
   * @maxLength 500
   */
  note?: string;
};
