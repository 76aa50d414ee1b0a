/**
 * Generated from openapi.yaml by `make openapi`; edits are lost.
 */

/**
 * A wish for a refund.
 */
export type RefundBody = {
  /** Minor units; left out = all that is left. */
  amount?: number;
  /**
   * Why; at most 255 characters.
   * @maxLength 255
   */
  reason?: string;
  /**
   * The items to refund; left out = all.
   * @maxItems 100
   */
  item_ids?: string[];
};
